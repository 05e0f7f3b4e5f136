package cluster

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/coditect-ai/license-platform/setting/region"
)

// How long GKE may take to give all nodes another machine or disk. It replaces one node
// after the other: it makes the new one, and moves the pods away from the old one.
const (
	// nodeTimeout is for one node. By report they take nine minutes
	// (https://github.com/GoogleCloudPlatform/cluster-toolkit/issues/3343).
	nodeTimeout = 10 * time.Minute
	// minNodesTimeout is what the provider itself waits for since 2026-07, because an hour was
	// too short (https://github.com/GoogleCloudPlatform/magic-modules/pull/18250). That of this
	// program (v5.42) gives up after 30 minutes, and GKE goes on.
	minNodesTimeout = 2 * time.Hour
)

// updateTimeout is the longest time that a sound change of the nodes may take; MaxNodes counts in each zone.
func (s Settings) updateTimeout() time.Duration {
	return max(minNodesTimeout, time.Duration(s.MaxNodes)*region.ClusterZones*nodeTimeout)
}

// nodesTimeouts are how long Pulumi waits for a change of the nodes. New ones come side by
// side, within the provider's own limit.
func (s Settings) nodesTimeouts() pulumi.ResourceOption {
	return pulumi.Timeouts(&pulumi.CustomTimeouts{Update: fmt.Sprintf("%ds", int(s.updateTimeout().Seconds()))})
}
