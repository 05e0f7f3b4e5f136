package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/coditect-ai/license-platform/local/daemon"
)

func (a *app) token() *cobra.Command {
	var wanted daemon.TokenRequest
	command := &cobra.Command{
		Use:   "token",
		Short: "Print an ID token of the local Identity Platform",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			dir, err := a.folder()
			if err != nil {
				return err
			}
			client, err := daemon.Connect(command.Context(), dir)
			if errors.Is(err, daemon.ErrNotRunning) {
				return errors.New("nothing runs here: 'make up' brings the stack up, and only that stack accepts the token")
			}
			if err != nil {
				return err
			}
			if !command.Flags().Changed("tenant") {
				if wanted.Tenant, err = demoTenant(dir); err != nil {
					return err
				}
			}
			token, err := client.Token(command.Context(), wanted)
			if err != nil {
				return err
			}
			a.out.line("%s", token)
			return nil
		},
	}
	command.Flags().StringVar(&wanted.Tenant, "tenant", "", "tenant, by id or name (default: the demo tenant); empty makes a token without one")
	command.Flags().StringVar(&wanted.User, "user", "demo-user", "subject of the token")
	command.Flags().StringVar(&wanted.Role, "role", "", "the custom claim role, for example admin")
	command.Flags().StringSliceVar(&wanted.Groups, "groups", nil, "the custom claim groups, for licences that keep seats for a group: developers,testers")
	command.Flags().DurationVar(&wanted.TTL, "ttl", time.Hour, "how long it is valid; negative makes an expired one")
	return command
}

// demoTenant is the tenant that `up` wrote down.
func demoTenant(dir string) (string, error) {
	var e endpoints
	content, err := os.ReadFile(filepath.Join(dir, endpointsFile))
	if err == nil {
		err = json.Unmarshal(content, &e)
	}
	if err != nil {
		return "", fmt.Errorf("find the demo tenant: %w; 'make up' writes it when it has ended well, or name one with --tenant", err)
	}
	return e.Tenant, nil
}
