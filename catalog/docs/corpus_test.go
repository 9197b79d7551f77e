package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"callboard/catalog"
	"callboard/catalog/docs"
)

// corpus gives a folder of the public corpora beside the repository. Where they are not, the test is
// skipped: nothing of them is part of this repository.
func corpus(t *testing.T, name string) fs.FS {
	t.Helper()
	const corpora = "../../../shared/corpora/dev"
	if info, err := os.Stat(filepath.Join(corpora, name)); err != nil || !info.IsDir() {
		t.Skip("the corpus " + name + " is not at " + corpora + ": nothing was tried")
	}
	return os.DirFS(filepath.Join(corpora, name))
}

// shelved reads all pages of a shelf.
func shelved(t *testing.T, now docs.Present, shelf *docs.Shelf) []docs.ShelvedPage {
	t.Helper()
	var out []docs.ShelvedPage
	for _, f := range shelf.Files {
		text, err := fs.ReadFile(now.Trees[f.Source].FS, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		page := docs.Split(catalog.Origin{Source: f.Source, Path: f.Path, Revision: "3f78685"}, text)
		out = append(out, docs.ShelvedPage{Page: *page, Name: page.Title, Runbook: f.Runbook})
	}
	return out
}

// TestPick_Prometheus asks for alerts by their names and by what people would say at night.
func TestPick_Prometheus(t *testing.T) {
	files := corpus(t, "prometheus-operator-runbooks")
	now := present(t, files, "kubernetes", `
metadata: {name: kubernetes, annotations: {callboard/runbook: content/runbooks}}`)
	entity, _ := now.Snapshot.As(catalog.Everything{}).Get(catalog.NewRef("component", "", "kubernetes"))
	shelf := docs.Find(now, entity)
	if len(shelf.Problems) > 0 || len(shelf.Files) < 90 {
		t.Fatalf("%d pages, %v", len(shelf.Files), shelf.Problems)
	}
	units := docs.Units(shelved(t, now, shelf))
	// Picked; the first, picked or to pick from; among the first three. Any of several pages that are about it will do.
	const first, top, offered = 0, 1, 3
	for _, test := range []struct {
		symptom string
		place   int
		page    string
	}{
		{"KubePodCrashLooping", first, "KubePodCrashLooping"},
		{"kubepodcrashlooping", first, "KubePodCrashLooping"},
		{"etcdNoLeader", first, "etcdNoLeader"},
		{"etcd no leader", first, "etcdNoLeader"},
		{"pod keeps crashing", first, "KubePodCrashLooping"},
		{"node is not ready", first, "KubeNodeNotReady"},
		{"too many pods on the kubelet", first, "KubeletTooManyPods"},
		{"clock skew on a node", first, "NodeClockSkewDetected"},
		{"alertmanager does not reload its configuration", offered, "AlertmanagerFailedReload"},
		{"raid disk failed", offered, "NodeRAIDDiskFailure"},
		{"cpu is throttled", first, "CPUThrottlingHigh"},
		{"a job failed", first, "KubeJobFailed"},
		{"hpa maxed out", first, "KubeHpaMaxedOut"},
		{"persistent volume is filling up", first, "KubePersistentVolumeFillingUp"},
		{"filesystem almost out of space", first, "NodeFilesystemAlmostOutOfSpace"},
		{"prometheus target down", offered, "TargetDown"},
		{"client certificate expires soon", offered, "KubeClientCertificateExpiration"},
		{"etcd database is nearly out of quota", offered, "etcdBackendQuotaLowSpace"},
		{"deployment has too few replicas", offered, "KubeDeploymentReplicasMismatch"},
		{"filesytem almost full", top, "NodeFilesystemAlmostOutOfSpace"},
		{"certificte expires", top, "KubeClientCertificateExpiration|KubeletClientCertificateExpiration|KubeletServerCertificateExpiration"},
		{"node clokc skew", first, "NodeClockSkewDetected"},
		{"api server is down", offered, "KubeAPIDown"},
		{"pod keeps restarting", top, "KubePodCrashLooping"},
		{"crashloopbackoff", top, "KubePodCrashLooping"},
		{"container crashes over and over", top, "KubePodCrashLooping"},
		{"disk almost full", top, "NodeFilesystemAlmostOutOfSpace|NodeFilesystemSpaceFillingUp"},
		{"disk full", top, "NodeFilesystemAlmostOutOfSpace|NodeFilesystemSpaceFillingUp"},
		{"no space left on device", top, "NodeFilesystemAlmostOutOfSpace|NodeFilesystemSpaceFillingUp"},
		{"node not ready", top, "KubeNodeNotReady"},
		{"node unreachable", top, "KubeNodeUnreachable"},
		{"certificate expires soon", top, "KubeClientCertificateExpiration|KubeletClientCertificateExpiration|KubeletServerCertificateExpiration"},
		{"kubelet certificate about to expire", top, "KubeletClientCertificateExpiration|KubeletServerCertificateExpiration"},
		{"too many open files", top, "NodeFileDescriptorLimit"},
		{"running out of file descriptors", top, "NodeFileDescriptorLimit"},
		{"out of inodes", top, "NodeFilesystemAlmostOutOfFiles|NodeFilesystemFilesFillingUp"},
		{"no inodes left", top, "NodeFilesystemAlmostOutOfFiles|NodeFilesystemFilesFillingUp"},
		{"etcd lost quorum", top, "etcdInsufficientMembers|etcdNoLeader|etcdMembersDown"},
		{"etcd is slow on disk writes", offered, "etcdHighFsyncDurations"},
		{"etcd member is down", top, "etcdMembersDown"},
		{"kubernetes api unreachable", top, "KubeAPIDown"},
		{"scheduler is down", top, "KubeSchedulerDown"},
		{"pods are stuck pending", offered, "KubePodNotReady"},
		{"pod stuck in ContainerCreating", top, "KubeContainerWaiting"},
		{"deployment rollout stuck", top, "KubeDeploymentGenerationMismatch|KubeDeploymentReplicasMismatch|KubeDaemonSetRolloutStuck"},
		{"daemonset not rolling out", top, "KubeDaemonSetRolloutStuck"},
		{"hpa cannot scale any further", top, "KubeHpaMaxedOut"},
		{"autoscaler at its maximum", top, "KubeHpaMaxedOut"},
		{"cronjob failed", top, "KubeJobFailed"},
		{"job does not finish", top, "KubeJobCompletion"},
		{"volume filling up", top, "KubePersistentVolumeFillingUp"},
		{"pvc almost full", top, "KubePersistentVolumeFillingUp"},
		{"quota exceeded", top, "KubeQuotaExceeded"},
		{"cpu throttling", top, "CPUThrottlingHigh"},
		{"clock is off", top, "NodeClockSkewDetected|NodeClockNotSynchronising"},
		{"ntp not syncing", top, "NodeClockNotSynchronising"},
		{"network packets dropped", top, "NodeNetworkReceiveErrs|NodeNetworkTransmitErrs"},
		{"network interface goes up and down", top, "NodeNetworkInterfaceFlapping"},
		{"conntrack table full", top, "NodeHighNumberConntrackEntriesUsed"},
		{"prometheus is not scraping", top, "PrometheusNotIngestingSamples|TargetDown|PrometheusTargetSyncFailure"},
		{"prometheus config is broken", top, "PrometheusBadConfig"},
		{"alerts are not sent", top, "AlertmanagerFailedToSendAlerts|PrometheusErrorSendingAlertsToAnyAlertmanager|PrometheusNotConnectedToAlertmanagers|AlertmanagerClusterFailedToSendAlerts"},
		{"remote write is falling behind", top, "PrometheusRemoteWriteBehind"},
		{"alertmanager config reload failed", top, "AlertmanagerFailedReload"},
		{"slack notifications do not arrive", top, "AlertmanagerFailedToSendAlerts|AlertmanagerClusterFailedToSendAlerts"},
		{"raid array degraded", top, "NodeRAIDDegraded"},
		{"a disk of the raid died", top, "NodeRAIDDiskFailure"},
		{"memory overcommitted", top, "KubeMemoryOvercommit"},
		{"statefulset replicas missing", top, "KubeStatefulSetReplicasMismatch"},
		{"different kubernetes versions running", top, "KubeVersionMismatch"},
		{"node flapping between ready and not ready", top, "KubeNodeReadinessFlapping"},
		{"target is down", top, "TargetDown"},
		{"kube-proxy is gone", top, "KubeProxyDown"},
		{"error budget burning", top, "KubeAPIErrorBudgetBurn"},
		{"pod start is slow", top, "KubeletPodStartUpLatencyHigh"},
		{"too many pods on node", top, "KubeletTooManyPods"},
		{"etcd database nearly full", top, "etcdBackendQuotaLowSpace"},
	} {
		picked := docs.Pick(test.symptom, units)
		var names []string
		if picked.Unit != nil {
			names = append(names, picked.Unit.Page.Path)
		}
		for _, other := range picked.Others {
			names = append(names, other.Page.Path)
		}
		for i, name := range names {
			names[i] = strings.TrimSuffix(filepath.Base(name), ".md")
		}
		i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(strings.Split(test.page, "|"), name) })
		if i < 0 || i >= max(test.place, 1) || test.place == first && picked.Unit == nil {
			t.Errorf("%q gave %v (clear: %t), want %s", test.symptom, names, picked.Unit != nil, test.page)
		}
	}
	for _, nonsense := range []string{"zebra", "the", "", "coffee machine is empty"} {
		if picked := docs.Pick(nonsense, units); picked.Unit != nil {
			t.Errorf("%q gave %s", nonsense, picked.Unit.Page.Path)
		}
	}
}

// TestFind_Example reads the example of Backstage's own template.
func TestFind_Example(t *testing.T) {
	now := present(t, corpus(t, "backstage-create-app-examples"), "example-website", `
metadata: {name: example-website, annotations: {backstage.io/techdocs-ref: "dir:./example-docs"}}`)
	entity, _ := now.Snapshot.As(catalog.Everything{}).Get(catalog.NewRef("component", "", "example-website"))
	shelf := docs.Find(now, entity)
	if len(shelf.Problems) > 0 || len(shelf.Files) != 1 || shelf.Files[0].Path != "example-docs/docs/index.md" {
		t.Fatalf("%+v", shelf)
	}
	page := shelved(t, now, shelf)[0]
	if page.Title != "Example TechDocs page" || len(page.Sections) < 1 {
		t.Errorf("%q with %d sections", page.Title, len(page.Sections))
	}
}
