package docstest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"callboard/catalog/docs"
)

// Symptom is a question to the public runbooks of the Prometheus operator, and the page that answers it.
type Symptom struct {
	Text  string
	Place int    // 0: picked; else among as many of the first, picked or to pick from
	Page  string // its file without the ending; any of several, separated by bars, will do
}

// Symptoms are alerts by their names, and what people would say at night.
func Symptoms() []Symptom {
	const first, top, offered = 0, 1, 3
	return []Symptom{
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
	}
}

// Wrong says what is wrong with what was picked; "" when it is right.
func (s Symptom) Wrong(picked docs.Picked) string {
	var names []string
	if picked.Unit != nil {
		names = append(names, picked.Unit.Page.Path)
	}
	for i := range picked.Others {
		names = append(names, picked.Others[i].Page.Path)
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(path.Base(name), ".md")
	}
	i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(strings.Split(s.Page, "|"), name) })
	if i < 0 || i >= max(s.Place, 1) || s.Place == 0 && picked.Unit == nil {
		return fmt.Sprintf("%q gave %v (clear: %t), want %s", s.Text, names, picked.Unit != nil, s.Page)
	}
	return ""
}
