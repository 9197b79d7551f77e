package catalog

import (
	"slices"
	"strings"
)

// byAnnotation finds the value of an annotation or of a label that names a workload.
func (v View) byAnnotation(text string) Match { return v.byHandle(text, ByAnnotation) }

// byWorkload finds what runs under a name: a pod, replica set, deployment or job of Kubernetes, a
// service's host name within the cluster, a container image.
func (v View) byWorkload(text string) Match {
	for _, name := range workloadNames(text) {
		for _, how := range []How{ByRef, ByAlias, ByAnnotation, ByRepository} {
			m := v.workload(name, how)
			if m.How != NoMatch {
				m.How, m.Via = ByWorkload, name
				return m
			}
		}
	}
	return Match{}
}

func (v View) workload(name string, how How) Match {
	if how == ByRef {
		m := v.byRef(name)
		return v.preferComponents(m)
	}
	return v.preferComponents(v.byHandle(name, how))
}

// workloadNames gives what text may be called without the parts that machines add, the longest
// first. Text itself is among them only when something was taken off in front of it.
func workloadNames(text string) []string {
	text, _, _ = strings.Cut(text, "@sha256")
	var names []string
	if strings.Contains(text, "/") { // image, kubectl's pod/NAME, or namespace/NAME
		segments := strings.Split(text, "/")
		text = segments[len(segments)-1]
		if before, _, tagged := strings.Cut(text, ":"); tagged {
			text = before
		}
		names = append(names, text)
		if len(segments) > 2 { // an image is often called as its repository
			names = append(names, segments[len(segments)-2]+"/"+text)
		}
	} else if before, after, tagged := strings.Cut(text, ":"); tagged && after != "" {
		text = before
		names = append(names, text)
	}
	if host, inCluster := clusterHost(text); inCluster {
		text = host
		names = append(names, text)
	}
	return append(names, withoutSuffixes(text)...)
}

// clusterHost gives the first label of a host name that is only known within a cluster.
func clusterHost(text string) (string, bool) {
	label, domain, found := strings.Cut(text, ".")
	if !found {
		return "", false
	}
	labels := strings.Split(domain, ".")
	for _, word := range []string{"svc", "pod", "cluster", "internal", "local", "localdomain"} {
		if slices.Contains(labels, word) {
			return label, true
		}
	}
	return "", false
}

// withoutSuffixes takes off the suffixes of generated names one by one: hashes, ordinals, times,
// and the words for environments and tracks.
func withoutSuffixes(name string) []string {
	var shorter []string
	for {
		cut := strings.LastIndexByte(name, '-')
		if cut <= 0 || !isGenerated(name[cut+1:]) && !isTrack(name[cut+1:]) {
			return shorter
		}
		name = name[:cut]
		shorter = append(shorter, name)
	}
}

// isGenerated reports whether a suffix is an ordinal or a time, or a hash in the alphabet of
// Kubernetes, which has no vowels and none of 0, 1 and 3.
func isGenerated(suffix string) bool {
	if strings.Trim(suffix, "0123456789") == "" {
		return suffix != ""
	}
	return len(suffix) >= 5 && len(suffix) <= 10 && strings.Trim(suffix, "bcdfghjklmnpqrstvwxz2456789") == ""
}

func isTrack(word string) bool {
	switch word {
	case "prod", "production", "staging", "stage", "stg", "dev", "development", "test", "qa", "sandbox",
		"canary", "stable", "preview", "primary", "blue", "green", "deployment", "deploy", "svc", "pod":
		return true
	}
	return false
}
