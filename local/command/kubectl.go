package command

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/coditect-ai/license-platform/emulator/apiserver"
	"github.com/coditect-ai/license-platform/emulator/cloudide"
	"github.com/coditect-ai/license-platform/local/daemon"
)

// kubectl is the command with which the owner of the Cloud IDE, who does not use Pulumi,
// changes its Ingress. It takes kubectl's own words.
func (a *app) kubectl() *cobra.Command {
	command := &cobra.Command{
		Use:   "kubectl",
		Short: "Read or change the Ingress as the Cloud IDE's owner does, with kubectl's syntax",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	namespace := command.PersistentFlags().StringP("namespace", "n", cloudide.Namespace, "namespace of the Ingress")
	for _, verb := range []*cobra.Command{a.kubectlGet(namespace), a.kubectlApply(namespace), a.kubectlAnnotate(namespace)} {
		verb.RunE = newInterruption().bound(verb.RunE)
		command.AddCommand(verb)
	}
	return command
}

func (a *app) kubectlGet(namespace *string) *cobra.Command {
	return &cobra.Command{
		Use:   "get ingress NAME",
		Short: "Print the Ingress as YAML, with the owner of each field",
		Args:  ingressAnd(0),
		RunE: func(command *cobra.Command, words []string) error {
			found, err := a.asOwner(command, daemon.KubectlRequest{Verb: daemon.KubectlGet, Ingress: *namespace + "/" + words[1]})
			if err != nil {
				return err
			}
			text, err := yaml.Marshal(found)
			if err != nil {
				return fmt.Errorf("print the Ingress: %w", err)
			}
			a.out.line("%s", strings.TrimSpace(string(text)))
			return nil
		},
	}
}

func (a *app) kubectlApply(namespace *string) *cobra.Command {
	var file string
	wanted := daemon.KubectlRequest{Verb: daemon.KubectlApply}
	command := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Apply a manifest of an Ingress",
		Args:  noWords,
		RunE: func(command *cobra.Command, _ []string) error {
			text, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("read the manifest: %w", err)
			}
			if wanted.Manifest, wanted.Ingress, err = manifest(text, *namespace); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			if wanted.Force && !wanted.ServerSide {
				return errors.New("--force-conflicts only works with --server-side")
			}
			if _, err := a.asOwner(command, wanted); err != nil {
				return err
			}
			how := "configured"
			if wanted.ServerSide {
				how = "serverside-applied"
			}
			a.out.line("ingress.networking.k8s.io/%s %s", wanted.Ingress[strings.Index(wanted.Ingress, "/")+1:], how)
			return nil
		},
	}
	command.Flags().StringVarP(&file, "filename", "f", "", "the manifest, as YAML or JSON")
	command.Flags().BoolVar(&wanted.ServerSide, "server-side", false, "use server-side apply, which reports conflicts")
	command.Flags().BoolVar(&wanted.Force, "force-conflicts", false, "take over fields from their owners, with --server-side")
	_ = command.MarkFlagRequired("filename") // the flag exists
	return command
}

func (a *app) kubectlAnnotate(namespace *string) *cobra.Command {
	return &cobra.Command{
		Use:   "annotate ingress NAME KEY=VALUE…",
		Short: "Set annotations of an Ingress, overwriting existing ones",
		Args:  ingressAnd(1),
		RunE: func(command *cobra.Command, words []string) error {
			wanted := daemon.KubectlRequest{Verb: daemon.KubectlAnnotate, Ingress: *namespace + "/" + words[1], Annotations: map[string]string{}}
			for _, word := range words[2:] {
				key, value, given := strings.Cut(word, "=")
				if !given || key == "" {
					return fmt.Errorf("%q is not an annotation: it has to look like example.com/reviewed=yes", word)
				}
				wanted.Annotations[key] = value
			}
			if _, err := a.asOwner(command, wanted); err != nil {
				return err
			}
			a.out.line("ingress.networking.k8s.io/%s annotated", words[1])
			return nil
		},
	}
}

// ingressAnd takes the word ingress, a name, and as many words or more.
func ingressAnd(more int) cobra.PositionalArgs {
	return func(command *cobra.Command, words []string) error {
		if len(words) < 2+more || words[0] != "ingress" || more == 0 && len(words) > 2 {
			return fmt.Errorf("it has to be '%s': only an Ingress can be shared", command.UseLine())
		}
		return nil
	}
}

// manifest reads an Ingress and says which one it is.
func manifest(content []byte, namespace string) (object apiserver.Object, id string, err error) {
	if err := yaml.UnmarshalStrict(content, &object); err != nil {
		return nil, "", fmt.Errorf("it is not a manifest: %w", err)
	}
	text := func(field string) string {
		value, _ := object[field].(string)
		return value
	}
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if object["apiVersion"] != "networking.k8s.io/v1" || object["kind"] != "Ingress" || name == "" {
		return nil, "", fmt.Errorf("it has apiVersion %q, kind %q and name %q: it has to be a networking.k8s.io/v1 Ingress with a name", text("apiVersion"), text("kind"), name)
	}
	if given, _ := metadata["namespace"].(string); given != "" {
		namespace = given
	}
	metadata["namespace"] = namespace
	return object, namespace + "/" + name, nil
}

// asOwner asks the running cloud, while no other command works on it.
func (a *app) asOwner(command *cobra.Command, wanted daemon.KubectlRequest) (apiserver.Object, error) {
	client, err := a.connect(command)
	if err != nil {
		return nil, err
	}
	if wanted.Verb != daemon.KubectlGet {
		_, release, err := a.locked()
		if err != nil {
			return nil, err
		}
		defer release()
	}
	return client.Kubectl(command.Context(), wanted)
}
