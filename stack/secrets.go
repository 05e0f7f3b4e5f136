package stack

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/setting"
)

// Keys of the secrets in a stack's file.
const (
	migrationPasswordKey = "migrationPassword"
	pagerDutyKey         = "pagerDutyKey"
)

// shortestPassword is what the layers accept for a database, in characters.
const shortestPassword = 16

// secrets are the values that only ever exist encrypted.
type secrets struct {
	// migrationPassword opens the database for the migration.
	migrationPassword pulumi.StringInput
	// pagerDuty is nil when nobody is paged.
	pagerDuty pulumi.StringInput
}

// readSecrets returns the secrets of the stack's file, and a problem for
// each that is missing or is in the stack's file in plain text. A secret's
// value never gets into a problem.
func readSecrets(ctx *pulumi.Context) (secrets, setting.Problems) {
	var found secrets
	var ps setting.Problems
	found.migrationPassword = password(ctx, &ps, migrationPasswordKey)
	if _, given := ctx.GetConfig(projectName + ":" + pagerDutyKey); given {
		found.pagerDuty = secret(ctx, &ps, pagerDutyKey)
	}
	return found, ps
}

// password refuses what the database's password policy would refuse, when the database is
// there (package data, passwords).
func password(ctx *pulumi.Context, ps *setting.Problems, key string) pulumi.StringInput {
	text, given := ctx.GetConfig(projectName + ":" + key)
	switch {
	case given && utf8.RuneCountInString(text) < shortestPassword:
		ps.Add(key, "[hidden]", "is too short", fmt.Sprintf("%d characters or more; %s", shortestPassword, command(ctx, key)))
	case strings.Contains(strings.ToLower(text), data.MigrationUser):
		ps.Add(key, "[hidden]", "has the name of its user in it, "+data.MigrationUser, "a random one; "+command(ctx, key))
	}
	return secret(ctx, ps, key)
}

func secret(ctx *pulumi.Context, ps *setting.Problems, key string) pulumi.StringInput {
	full := projectName + ":" + key
	text, given := ctx.GetConfig(full)
	switch {
	case !given:
		ps.Add(key, "", "is missing", command(ctx, key))
	case !ctx.IsConfigSecret(full):
		ps.Add(key, "[hidden]", "is in the stack's file in plain text", command(ctx, key)+", and a new value, since this one has been seen")
	}
	return pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)
}

// command names the stack: without it Pulumi takes the one that was chosen last.
func command(ctx *pulumi.Context, key string) string {
	return "a secret, made with: pulumi config set --secret " + key + " --stack " + ctx.Stack()
}
