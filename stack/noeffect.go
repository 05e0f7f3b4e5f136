package stack

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting"
)

// noEffect lists the settings of all layers that are written and decide nothing.
func (s Settings) noEffect() setting.Problems {
	ps := s.Armor.NoEffect().Within("armor")
	return append(ps, s.Kubernetes.Ingress.NoEffect().Within("kubernetes.ingress")...)
}

// warnOfNoEffect warns about them, because their author expects an effect. They do not stop an update.
func warnOfNoEffect(ctx *pulumi.Context, s Settings) error {
	for _, p := range s.noEffect() {
		if err := ctx.Log.Warn(fmt.Sprintf("%s has no effect: %s; it takes effect with %s", p.Key, p.Why, p.Allowed), nil); err != nil {
			return fmt.Errorf("warn of settings without effect: %w", err)
		}
	}
	return nil
}
