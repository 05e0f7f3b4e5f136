package observe_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/observe"
	"github.com/coditect-ai/license-platform/observe/alert"
)

const (
	kindBucket    = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
	kindSink      = "gcp:logging/projectSink:ProjectSink"
	kindExclusion = "gcp:logging/projectExclusion:ProjectExclusion"
	kindAudit     = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
	kindChannel   = "gcp:monitoring/notificationChannel:NotificationChannel"
	kindAlert     = "gcp:monitoring/alertPolicy:AlertPolicy"
	kindService   = "gcp:projects/service:Service"
)

// about is what the alerts of the declared layer are about.
func about() alert.Subject {
	return alert.Subject{
		Workload: alert.Workload{Namespace: "coditect-app", Job: "license-api"}, Host: "licenses.coditect.ai",
		SecurityPolicy: "license-api-security-policy", Redis: "license-redis", KeyRing: "coditect-license-keys", Secrets: []string{"license-redis-auth", "license-migration-password"},
	}
}

// declare declares layer 7 with the settings under a Recorder; a key pages
// PagerDuty.
func declare(t *testing.T, settings observe.Settings, pagerDutyKey pulumi.StringInput) *declared.Recorder {
	t.Helper()
	subject := about()
	r := &declared.Recorder{Cloud: declared.Echo{Computed: func(kind, name string) resource.PropertyMap {
		return resource.PropertyMap{
			"name": resource.NewProperty("full-name-of-" + name), "uptimeCheckId": resource.NewProperty("check-of-" + name),
		}
	}}}
	require.NoError(t, r.Run(func(ctx *pulumi.Context) error {
		api, err := projects.NewService(ctx, "api", &projects.ServiceArgs{Service: pulumi.String("logging.googleapis.com")})
		if err != nil {
			return err
		}
		key, err := projects.NewService(ctx, "key", &projects.ServiceArgs{Service: pulumi.String("cloudkms.googleapis.com")})
		if err != nil {
			return err
		}
		pods, err := projects.NewService(ctx, "pods", &projects.ServiceArgs{Service: pulumi.String("container.googleapis.com")})
		if err != nil {
			return err
		}
		edge, err := projects.NewService(ctx, "edge", &projects.ServiceArgs{Service: pulumi.String("compute.googleapis.com")})
		if err != nil {
			return err
		}
		_, err = observe.New(ctx, "observe", &observe.Args{
			Settings:        settings,
			Project:         "acme",
			Region:          "us-central1",
			LogsKeyID:       key.ID().ToStringOutput(),
			Namespace:       subject.Workload.Namespace,
			Host:            subject.Host,
			SQLInstanceName: pulumi.String("stores-1a2b3c"),
			SecurityPolicy:  subject.SecurityPolicy,
			Redis:           subject.Redis,
			KeyRing:         subject.KeyRing,
			Secrets:         subject.Secrets,
			Backend:         backend(),
			Container:       "license-api",
			Edge:            []pulumi.Resource{edge},
			AdmitsCountry:   func(country string) bool { return country == "US" },
			PagerDutyKey:    pagerDutyKey,
			Services:        []pulumi.Resource{api},
			Workload:        []pulumi.Resource{pods},
		})
		return err
	}))
	return r
}

func TestLogsAreKeptEncryptedInTheStacksRegion(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{}, nil)

	bucket := r.One(t, kindBucket, "observe")

	assert.Equal(t, "us-central1", bucket.Get("location"))
	assert.Equal(t, "id-of-key", bucket.Get("cmekSettings.kmsKeyName"))
	assert.True(t, r.ComesAfter(bucket, r.One(t, kindService, "key")), "the key's grant comes first")
	assert.Equal(t, 400.0, bucket.Get("retentionDays"))
	assert.Equal(t, false, bucket.Get("locked"), "a lock cannot be undone, so it is a decision")
	assert.True(t, bucket.Protect, "it is the evidence")
}

func TestTheBucketCanBeLockedAndUnprotectedBySetting(t *testing.T) {
	t.Parallel()
	off := false
	bucket := declare(t, observe.Settings{Locked: true, DeletionProtection: &off}, nil).One(t, kindBucket, "observe")

	assert.Equal(t, true, bucket.Get("locked"))
	assert.False(t, bucket.Protect)
}

func TestTheSinkFillsTheBucketAndDropsNothingByItsText(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{}, nil)

	sink := r.One(t, kindSink, "observe")
	filter := sink.Get("filter").(string)

	assert.Equal(t, "logging.googleapis.com/id-of-observe", sink.Get("destination"))
	for what, part := range map[string]string{
		"the workloads' output":    `labels."k8s-pod/app"=("license-api" OR "license-migrate")`,
		"the namespace":            `resource.labels.namespace_name="coditect-app"`,
		"requests to the API only": `httpRequest.requestUrl=~"^https?://licenses[.]coditect[.]ai(:[0-9]+)?/"`,
		"changes":                  `log_id("cloudaudit.googleapis.com/activity")`,
		"reads of data":            `log_id("cloudaudit.googleapis.com/data_access")`,
		"refusals by policy":       `log_id("cloudaudit.googleapis.com/policy")`,
		"the database":             `resource.labels.database_id="acme:stores-1a2b3c"`,
	} {
		assert.Contains(t, filter, part, what)
	}
	assert.NotContains(t, filter, "severity", "an entry that says nothing today is evidence tomorrow")
	assert.NotContains(t, sink.Inputs(), "exclusions")
}

func TestWhatIsKeptIsKeptOnceUnlessTheSettingsSayOtherwise(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{}, nil)
	assert.Equal(t, r.One(t, kindSink, "observe").Get("filter"), r.One(t, kindExclusion, "observe").Get("filter"),
		"in a project of its own all that the sink stores is excluded from _Default")
	assert.True(t, r.ComesAfter(r.One(t, kindExclusion, "observe"), r.One(t, kindSink, "observe")), "until then nothing else would store it")

	assert.Empty(t, declare(t, observe.Settings{KeepInDefault: true}, nil).Of(kindExclusion))
}

func TestReadsAndWritesOfKeysSecretsAndTheDatabaseAreLogged(t *testing.T) {
	t.Parallel()
	audited := map[any]int{}
	for _, config := range declare(t, observe.Settings{}, nil).Every(t, kindAudit) {
		kinds := map[any]bool{}
		for _, listed := range config.Get("auditLogConfigs").([]any) {
			log := listed.(map[string]any)
			kinds[log["logType"]] = true
			assert.NotContains(t, log, "exemptedMembers", "nobody is exempt")
		}
		audited[config.Get("service")] = len(kinds)
	}

	assert.Equal(t, map[any]int{
		"cloudkms.googleapis.com":      3,
		"secretmanager.googleapis.com": 3,
		"cloudsql.googleapis.com":      3,
	}, audited)
}

func TestAlertsReachEveryAddressAndTheOnCall(t *testing.T) {
	t.Parallel()
	settings := observe.Settings{Emails: []string{"ops@coditect.ai"}}
	r := declare(t, settings, pulumi.String("the-pagerduty-key"))

	assert.Equal(t, "ops@coditect.ai", r.One(t, kindChannel, "observe-ops@coditect.ai").Get("labels.email_address"))
	page := r.One(t, kindChannel, "observe-pagerduty")
	assert.Equal(t, "the-pagerduty-key", page.Get("sensitiveLabels.serviceKey"))
	assert.True(t, page.Secret("sensitiveLabels.serviceKey"), "the key is a secret")
	for _, policy := range r.Every(t, kindAlert) {
		assert.Equal(t, []any{"full-name-of-observe-ops@coditect.ai", "full-name-of-observe-pagerduty"},
			policy.Get("notificationChannels"), policy.Name)
	}
}

func TestWithoutAKeyNobodyIsPaged(t *testing.T) {
	t.Parallel()
	assert.Empty(t, declare(t, observe.Settings{}, nil).Of(kindChannel))
}

func TestEveryAlertBecomesAPolicyThatNamesItsPlaybook(t *testing.T) {
	t.Parallel()
	r := declare(t, observe.Settings{}, nil)
	alerts := alert.All(about(), alert.Thresholds{})
	require.NotEmpty(t, alerts)

	for _, a := range alerts {
		policy := r.One(t, kindAlert, "observe-"+a.Name)
		if a.Filter == "" {
			assert.Equal(t, a.Expression, policy.Get("conditions[0].conditionPrometheusQueryLanguage.query"))
			waited, err := time.ParseDuration(policy.Text("conditions[0].conditionPrometheusQueryLanguage.duration"))
			require.NoError(t, err)
			assert.Equal(t, a.For, waited, "Cloud Monitoring takes seconds")
		} else {
			assert.Equal(t, a.Filter, policy.Get("conditions[0].conditionMatchedLog.filter"))
			assert.Equal(t, "300s", policy.Get("alertStrategy.notificationRateLimit.period"), "the API refuses a log-based alert without it")
			assert.Contains(t, policy.Get("conditions[0].conditionMatchedLog.labelExtractors"), "principal", "the page says who it was")
		}
		assert.Equal(t, a.Severity, policy.Get("severity"))
		assert.Contains(t, policy.Get("documentation.content"), "docs/playbooks/"+a.Playbook)
		assert.FileExists(t, filepath.Join("..", "docs", "playbooks", a.Playbook))
		assert.True(t, r.ComesAfter(policy, r.One(t, kindService, "pods")), "Cloud Monitoring refuses metrics that were never written")
	}
}

func TestDeployersOfTheSettingsMayChangePolicies(t *testing.T) {
	t.Parallel()
	settings := observe.Settings{Deployers: []string{"up@acme.iam.gserviceaccount.com"}}
	policy := declare(t, settings, nil).One(t, kindAlert, "observe-PolicyChangedOutsidePipeline")

	assert.Contains(t, policy.Get("conditions[0].conditionMatchedLog.filter"), `"up@acme.iam.gserviceaccount.com"`)
}

func TestEveryPlaybookSaysWhatItMeansToCheckToActAndToUndo(t *testing.T) {
	t.Parallel()
	for _, a := range alert.All(alert.Subject{}, alert.Thresholds{}) {
		text, err := os.ReadFile(filepath.Join("..", "docs", "playbooks", a.Playbook))
		require.NoError(t, err)
		assert.Contains(t, string(text), "# "+a.Name+"\n")
		for _, heading := range []string{"\n## What it means\n", "\n## Check\n", "\n## Act\n", "\n## Undo\n"} {
			assert.Contains(t, string(text), heading, a.Playbook)
		}
	}
}
