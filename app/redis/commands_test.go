package redis_test

import (
	"fmt"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// commands is what the server was asked since its statistics were set back, each as often.
func commands(t *testing.T, client *goredis.Client) map[string]int {
	t.Helper()
	said, err := client.InfoMap(t.Context(), "commandstats").Result()
	require.NoError(t, err)
	asked := map[string]int{}
	for name, numbers := range said["Commandstats"] {
		var calls int
		_, err := fmt.Sscanf(numbers, "calls=%d,", &calls)
		require.NoError(t, err, numbers)
		asked[strings.TrimPrefix(name, "cmdstat_")] = calls
	}
	return asked
}
