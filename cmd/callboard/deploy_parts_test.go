package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const deployFolder = "../../deploy"

func readDeploy(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deployFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDeployDocker holds the image to what the tree says elsewhere; it cannot be built where no engine runs.
func TestDeployDocker(t *testing.T) {
	t.Parallel()
	text := readDeploy(t, "docker/Dockerfile")
	makefile, err := os.ReadFile(filepath.Join(projectRoot, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`(?m)^\tCGO_ENABLED=0 go build (.*) -o `).FindSubmatch(makefile)
	module, err := os.ReadFile(filepath.Join(projectRoot, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	if flags == nil || version == nil {
		t.Fatal("the Makefile or go.mod does not say how to build")
	}
	for _, want := range []string{
		"FROM golang:" + string(version[1]) + " AS build\n", "CGO_ENABLED=0 go build " + string(flags[1]) + " -o ",
		"\nFROM scratch\n", "\nUSER 65532:65532\n", "/etc/ssl/certs/ca-certificates.crt", "\nENV ZONEINFO=/zoneinfo.zip ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile has no %q", want)
		}
	}
	if last := text[strings.LastIndex(text, "\nFROM "):]; strings.Contains(last, "RUN ") {
		t.Error("the last stage runs something, and there is nothing in it that could")
	}
}

// TestDeploySystemd lets systemd judge the unit, and keeps it hardened.
func TestDeploySystemd(t *testing.T) {
	t.Parallel()
	text := readDeploy(t, "systemd/callboard.service")
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: apt-get install systemd")
	}
	const installed = "/usr/local/bin/callboard serve"
	if !strings.Contains(text, "ExecStart="+installed) {
		t.Fatal("the unit does not start " + installed)
	}
	unit := filepath.Join(t.TempDir(), "callboard.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(text, installed, "/bin/true serve", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "verify", "--man=no", unit).CombinedOutput()
	if err != nil || strings.Contains(string(out), unit) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	const most = "15" // exposure, in tenths; a unit without hardening has 96
	out, err = exec.CommandContext(t.Context(), program, "security", "--offline=true", "--no-pager", "--threshold="+most, unit).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: more exposed than %s: %v\n%s", most, err, out)
	}
}
