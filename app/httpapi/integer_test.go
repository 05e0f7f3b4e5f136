package httpapi

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestANumberWithoutAFractionIsAnInteger(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"0": 0, "-0": 0, "-0.0e5": 0, "0e999999999999999999999": 0, "1": 1, "1.0": 1, "1.000": 1, "1e2": 100, "1E+2": 100, "100e-2": 1, "2.50e1": 25, "-3.0": -3,
		"9007199254740993": 9007199254740993, "0.5e1": 5, "250000.0": 250000, "1" + strings.Repeat("0", 400) + "e-400": 1, "0." + strings.Repeat("0", 400) + "1e401": 1,
		"999999999999999999": 999999999999999999,
	} {
		var got struct {
			N *int `json:"n"`
			M int  `json:"m"`
		}
		require.NoError(t, exactJSON().Unmarshal([]byte(`{"n":`+text+`,"m":`+text+`}`), &got), text)
		require.NotNil(t, got.N)
		assert.Equal(t, []int{want, want}, []int{*got.N, got.M}, text)
	}
	for _, text := range []string{"1.5", "0.1", "1e-1", "1e18", "1e400", "1e999999999999999999999", "1e-999999999999999999999", strings.Repeat("9", 400), `"1"`, "true", "[1]", "{}"} {
		var got struct {
			N int `json:"n"`
		}
		err := exactJSON().Unmarshal([]byte(`{"n":`+text+`}`), &got)
		require.ErrorContains(t, err, "type", text)
	}
}

func TestANumberThatIsTooLargeIsJSONAllTheSame(t *testing.T) {
	t.Parallel()
	var got any
	require.NoError(t, exactJSON().Unmarshal([]byte(`{"a":[1e400,-1e999999999,1e-400,2.5]}`), &got))
	assert.Equal(t, map[string]any{"a": []any{math.MaxFloat64, -math.MaxFloat64, 0.0, 2.5}}, got)
}

func FuzzAnIntegerIsTheNumbersValue(f *testing.F) {
	for _, seed := range []string{"0", "-0", "1.0", "1e2", "12.50e1", "1e-1", "100e-2", "1e19", "-2.0E+3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var number struct {
			N int `json:"n"`
		}
		if len(text) > 40 || strings.Count(strings.ToLower(text), "e") > 1 {
			return
		}
		if _, exponent, found := strings.Cut(strings.ToLower(text), "e"); found && len(exponent) > 3 {
			return // the exact value would have too many digits
		}
		err := exactJSON().Unmarshal([]byte(`{"n":`+text+`}`), &number)
		exact, ok := new(big.Rat).SetString(strings.TrimSpace(text))
		if err == nil {
			require.True(t, ok)
			assert.Zero(t, exact.Cmp(new(big.Rat).SetInt64(int64(number.N))), text)
		}
	})
}
