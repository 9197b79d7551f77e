package ingest_test

import (
	"strings"
	"testing"

	"callboard/catalog/ingest"
)

// typical is a descriptor of about 1.5 KB, as the generator of large catalogs writes them.
func typical() []byte {
	return []byte(`apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payment-gateway
  namespace: commerce
  title: Payment gateway
  description: Takes card payments from the shop and hands them to the acquirers, with retries and reconciliation.
  labels:
    example.com/cost-centre: cc-4711
    example.com/tier: gold
  annotations:
    github.com/project-slug: acme/payment-gateway
    backstage.io/techdocs-ref: dir:.
    backstage.io/kubernetes-id: payment-gateway
    backstage.io/kubernetes-namespace: commerce
    pagerduty.com/service-id: PABC123
    grafana/dashboard-selector: tags @> 'payment-gateway'
    prometheus.io/alert: all
    sonarqube.org/project-key: acme_payment-gateway
    argocd/app-name: payment-gateway-prod
  tags:
    - go
    - payments
    - pci
    - grpc
  links:
    - url: https://grafana.example.com/d/abc/payment-gateway
      title: Dashboard
      icon: dashboard
    - url: https://acme.slack.com/archives/C0123456
      title: Channel
      icon: chat
spec:
  type: service
  lifecycle: production
  owner: group:commerce/payments
  system: checkout
  providesApis:
    - payment-api
  consumesApis:
    - ledger-api
    - fraud-api
    - default/customer-api
  dependsOn:
    - resource:payment-db
    - resource:payment-queue
    - component:commerce/token-vault
    - component:commerce/acquirer-adapter
`)
}

func BenchmarkRead(b *testing.B) {
	data, reader := typical(), ingest.Reader{Source: "bench", Shapes: new(ingest.Shapes)}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if docs := reader.Read("catalog-info.yaml", data).Documents; docs[0].Entity == nil {
			b.Fatal(docs[0].Problems)
		}
	}
}

func BenchmarkReadMany(b *testing.B) {
	data := []byte(strings.Repeat("---\n"+string(typical()), 100))
	reader := ingest.Reader{Source: "bench", Shapes: new(ingest.Shapes)}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if docs := reader.Read("catalog-info.yaml", data).Documents; len(docs) != 100 {
			b.Fatal(len(docs))
		}
	}
}
