package workload_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/k8s/workload"
)

func TestOnlyTheReplicasHaveToBeSaid(t *testing.T) {
	t.Parallel()
	s := workload.Settings{Replicas: workload.Replicas{Min: 1, Max: 1}}
	assert.Empty(t, s.Validate())
	assert.Equal(t, "linux/amd64", s.BuildPlatform())
}

func TestEveryMistakeIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*workload.Settings)
		key    string
	}{
		"an image by its tag":             {func(s *workload.Settings) { s.Image = "registry/license-api:v1" }, "image"},
		"a platform GKE does not have":    {func(s *workload.Settings) { s.Platform = "windows/amd64" }, "platform"},
		"no replica":                      {func(s *workload.Settings) { s.Replicas.Min = 0 }, "replicas.min"},
		"more replicas than connections":  {func(s *workload.Settings) { s.Replicas.Max = 1001 }, "replicas.max"},
		"half a byte of memory":           {func(s *workload.Settings) { s.Memory = "512m" }, "memory"},
		"memory without its unit":         {func(s *workload.Settings) { s.Memory = "512" }, "memory"},
		"CPUs by their thousands":         {func(s *workload.Settings) { s.CPU = "250" }, "cpu"},
		"fewer at most than at least":     {func(s *workload.Settings) { s.Replicas.Min = 3 }, "replicas.max"},
		"too little memory":               {func(s *workload.Settings) { s.Memory = "127Mi" }, "memory"},
		"memory in words":                 {func(s *workload.Settings) { s.Memory = "plenty" }, "memory"},
		"CPU below zero":                  {func(s *workload.Settings) { s.CPU = "-1" }, "cpu"},
		"a drain that never ends":         {func(s *workload.Settings) { s.DrainSeconds = 601 }, "drainSeconds"},
		"a drain too long for GKE":        {func(s *workload.Settings) { s.DrainSeconds = 566 }, "drainSeconds"},
		"pods that leave for too long":    {func(s *workload.Settings) { s.DrainSeconds, s.ShutdownSeconds = 300, 296 }, "drainSeconds"},
		"a shutdown before it begins":     {func(s *workload.Settings) { s.ShutdownSeconds = -1 }, "shutdownSeconds"},
		"a pod that settles for hours":    {func(s *workload.Settings) { s.SettleSeconds = 3600 }, "settleSeconds"},
		"a log level of one's own":        {func(s *workload.Settings) { s.LogLevel = "loud" }, "logLevel"},
		"a browser origin without TLS":    {func(s *workload.Settings) { s.CORSOrigins = []string{"http://coditect.ai"} }, "corsOrigins[0]"},
		"a browser origin that is a path": {func(s *workload.Settings) { s.CORSOrigins = []string{"https://coditect.ai/ide"} }, "corsOrigins[0]"},
		"an origin with the usual port": {func(s *workload.Settings) {
			s.CORSOrigins = []string{"https://coditect.ai:8443", "https://coditect.ai:443"}
		}, "corsOrigins[1]"},
		"every browser origin": {func(s *workload.Settings) { s.CORSOrigins = []string{"*"} }, "corsOrigins[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := workload.Settings{Replicas: workload.Replicas{Min: 1, Max: 2}}
			c.change(&s)
			var keys []string
			for _, p := range s.Validate() {
				keys = append(keys, p.Key)
			}
			assert.Equal(t, []string{c.key}, keys)
		})
	}
}

func TestTheLeastAndTheMostAreTaken(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]workload.Settings{
		"the least": {Replicas: workload.Replicas{Min: 1, Max: 1}, CPU: "10m", Memory: "128Mi"},
		"the most":  {Replicas: workload.Replicas{Min: 1000, Max: 1000}, CPU: "64", Memory: "256Gi", DrainSeconds: 565, SettleSeconds: 300},
	} {
		assert.Empty(t, s.Validate(), name)
	}
}

func TestWhatAPodAsksForIsAlsoToldAsNumbers(t *testing.T) {
	t.Parallel()
	assert.Equal(t, workload.Requests{CPU: "250m", Memory: "256Mi", MilliCPU: 250, Bytes: 256 << 20}, workload.Settings{}.Requests())
	assert.Equal(t, workload.Requests{CPU: "1.5", Memory: "1Gi", MilliCPU: 1500, Bytes: 1 << 30}, workload.Settings{CPU: "1.5", Memory: "1Gi"}.Requests())
	assert.Equal(t, workload.Requests{CPU: "two", Memory: "plenty"}, workload.Settings{CPU: "two", Memory: "plenty"}.Requests(), "others tell of it")
}
