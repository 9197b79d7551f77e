package config

import (
	"strconv"

	"callboard/catalog"
	"callboard/catalog/secret"
)

// maxSecrets is how many secrets count at the same time: the old and the new one.
const maxSecrets = 2

// Integrations are the systems that send something to Callboard, or read from it.
type Integrations struct {
	GitHub    SignedHook `yaml:"github"`
	GitLab    TokenHook  `yaml:"gitlab"`
	Gitea     SignedHook `yaml:"gitea"`
	Backstage Backstage  `yaml:"backstage"`
}

// Backstage says who may read the catalog over Backstage's API.
type Backstage struct {
	Tokens []BackstageToken `yaml:"tokens"`
}

// BackstageToken lets its bearers ask as a user.
type BackstageToken struct {
	Token secret.Ref  `yaml:"token"`
	User  catalog.Ref `yaml:"user"`
}

// SignedHook is a webhook whose sender signs with a secret. Without one the webhook is off.
type SignedHook struct {
	Secret Secrets `yaml:"webhook_secret"`
}

// TokenHook is a webhook whose sender shows a token. Without one the webhook is off.
type TokenHook struct {
	Token Secrets `yaml:"webhook_token"`
}

// Secrets is a reference to a secret, or a list of two while one takes the place of the other.
type Secrets []secret.Ref

// webhook is the key of a webhook's secrets, and them.
type webhook struct {
	key     string
	secrets Secrets
}

func (i Integrations) webhooks() []webhook {
	return []webhook{
		{"integrations.github.webhook_secret", i.GitHub.Secret},
		{"integrations.gitlab.webhook_token", i.GitLab.Token},
		{"integrations.gitea.webhook_secret", i.Gitea.Secret},
	}
}

func (d *decoder) integrations(i Integrations) {
	d.backstage(i.Backstage)
	for _, hook := range i.webhooks() {
		if len(hook.secrets) > maxSecrets {
			d.mistake(hook.key, "%d secrets are too many: at most %d, while one takes the place of the other", len(hook.secrets), maxSecrets)
		}
		for n, ref := range hook.secrets {
			if ref.IsZero() {
				d.mistake(d.item(hook.key, n), "must name a secret: write env:NAME or file:PATH, or remove it")
			}
		}
	}
}

// checkWebhookFiles refuses files of webhook secrets that everybody may read.
func (d *decoder) checkWebhookFiles(i Integrations) {
	for _, hook := range i.webhooks() {
		for n, ref := range hook.secrets {
			d.secretFile(d.item(hook.key, n), ref)
		}
	}
}

// item is the key of a list's item, which may stand without a list when it is the only one.
func (d *decoder) item(key string, n int) string {
	if path := key + "[" + strconv.Itoa(n) + "]"; d.lines[path] > 0 {
		return path
	}
	return key
}

// anchor joins relative paths of secret files to dir.
func (i Integrations) anchor(dir string) {
	for _, hook := range i.webhooks() {
		for n, ref := range hook.secrets {
			hook.secrets[n] = ref.Under(dir)
		}
	}
	for n := range i.Backstage.Tokens {
		t := &i.Backstage.Tokens[n]
		t.Token = t.Token.Under(dir)
	}
}
