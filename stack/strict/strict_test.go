package strict_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/stack/strict"
)

// shop has every shape that settings have.
type shop struct {
	Name    string            `json:"name"`
	Open    bool              `json:"open,omitempty"`
	Staff   int               `json:"staff"`
	Share   float64           `json:"share"`
	Always  *bool             `json:"always"`
	Labels  map[string]string `json:"labels"`
	Shelves []shelf           `json:"shelves"`
	Cellar  shelf             `json:"cellar,omitzero"`
}

type shelf struct {
	Boards int      `json:"boards"`
	Goods  []string `json:"goods"`
}

func TestEveryMistakeIsListedWithItsPath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"what fits has no problem": {
			`{"name": "a", "open": true, "staff": 3, "share": 0.5, "always": false, "labels": {"any": "key"}, "shelves": [{"boards": 1, "goods": ["x"]}], "cellar": {}}`, nil,
		},
		"an unknown key":                       {`{"nam": "a"}`, []string{"shop.nam"}},
		"a key in another case":                {`{"Name": "a"}`, []string{"shop.Name"}},
		"unknown keys below lists and objects": {`{"shelves": [{}, {"board": 1}], "cellar": {"damp": true}}`, []string{"shop.cellar.damp", "shop.shelves[1].board"}},
		"a wrong type":                         {`{"staff": "three"}`, []string{"shop.staff"}},
		"a part of a person":                   {`{"staff": 2.5}`, []string{"shop.staff"}},
		"a wrong type in a list":               {`{"shelves": [{"boards": true}]}`, []string{"shop.shelves.boards"}},
		"a list for an object":                 {`[]`, []string{"shop"}},
		"no JSON":                              {`{`, []string{"shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keys []string
			for _, p := range strict.Decode("shop", c.text, &shop{}) {
				keys = append(keys, p.Key)
			}
			assert.ElementsMatch(t, c.want, keys)
		})
	}
}

func TestWhatFitsIsReadBesideAMistake(t *testing.T) {
	t.Parallel()
	var s shop
	assert.Len(t, strict.Decode("shop", `{"name": "a", "nam": "b", "share": 0.5}`, &s), 1)
	assert.Equal(t, shop{Name: "a", Share: 0.5}, s)
}

func TestTextUnderAnUnknownKeyIsNotShown(t *testing.T) {
	t.Parallel()
	text := strict.Decode("shop", `{"pasword": "hunter2", "opn": true}`, &shop{}).Err().Error()
	assert.NotContains(t, text, "hunter2")
	assert.Contains(t, text, "shop.opn = true")
}

// FuzzDecode: any text is either taken or has a problem, and what was taken is
// taken again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{}`, `null`, `[]`, `"text"`, `{"open": "yes"}`, `{"cellar": {"goods": [1]}}`, `{"staff": 1e99}`, `{"NAME": ""}`,
		`{"shelves": [null, {"boards": 1}]}`, `{`, `{"labels": {"a": null}}`, `{"name": "` + "\xff" + `"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var taken, again shop
		problems := strict.Decode("shop", text, &taken)
		if !json.Valid([]byte(text)) {
			assert.NotEmpty(t, problems)
			return
		}
		if len(problems) > 0 {
			return
		}
		encoded, err := json.Marshal(taken)
		assert.NoError(t, err)
		assert.Empty(t, strict.Decode("shop", string(encoded), &again), "%s", encoded)
	})
}
