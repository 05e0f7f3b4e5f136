package strict_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
		"a wrong type in a list":               {`{"shelves": [{"boards": true}]}`, []string{"shop.shelves[0].boards"}},
		"two wrong types":                      {`{"staff": "three", "open": 1, "name": 5}`, []string{"shop.name", "shop.open", "shop.staff"}},
		"an empty value is the default":        {`{"staff": null, "cellar": null}`, nil},
		"something after the object":           {`{} {}`, []string{"shop"}},
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

func TestTheValueIsShownAsItWasWritten(t *testing.T) {
	t.Parallel()
	for text, shown := range map[string]string{
		`{"staff": "three"}`:                    `shop.staff = "three": is of the wrong type; allowed: a whole number`,
		`{"staff": 2.50}`:                       `shop.staff = 2.50: `,
		`{"name": 2026}`:                        `shop.name = 2026: is of the wrong type; allowed: text, in quotes`,
		`{"name": true}`:                        `shop.name = true: `,
		`{"open": "perhaps"}`:                   `shop.open = "perhaps": is of the wrong type; allowed: true or false`,
		`{"open": {"now": 1, "pin": "hunter"}}`: `shop.open = {"now":1,"pin":"[hidden]"}: `,
		`{"shelves": {"a": 1}}`:                 `shop.shelves = {"a":1}: is of the wrong type; allowed: a list`,
	} {
		assert.ErrorContains(t, strict.Decode("shop", text, &shop{}).Err(), shown)
	}
	secret := strict.Decoder{Hidden: true}.Decode("shop", `{"staff": "hunter2", "opn": 5}`, &shop{}).Err().Error()
	assert.NotContains(t, secret, "hunter2")
	assert.NotContains(t, secret, "5")
}

func TestAnUnknownKeyIsToldTheNearestOne(t *testing.T) {
	t.Parallel()
	places := strict.Places(reflect.TypeFor[shop]())
	assert.Equal(t, []string{"cellar.boards"}, places["boards"])
	d := strict.Decoder{Elsewhere: func(name string) string {
		if at := places[name]; len(at) == 1 {
			return at[0]
		}
		return ""
	}}
	for text, hint := range map[string]string{
		`{"stafff": 1}`: "allowed: staff?; one of always, ",
		`{"boards": 1}`: "allowed: cellar.boards?; here one of always, ",
		`{"zzz": 1}`:    "allowed: one of always, ",
	} {
		assert.ErrorContains(t, d.Decode("shop", text, &shop{}).Err(), hint)
	}
}

func TestASwitchTakesTheWordsOfYAML(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{"on": true, "Yes": true, "TRUE": true, "y": true, "off": false, "no": false, "N": false, "False": false} {
		s := shop{Open: !want}
		require.Empty(t, strict.Decode("shop", `{"open": "`+word+`", "always": "`+word+`"}`, &s), word)
		assert.Equal(t, want, s.Open, word)
		assert.Equal(t, want, *s.Always, word)
	}
	var s shop
	require.Empty(t, strict.Decode("shop", `{"name": "off", "labels": {"on": "no"}}`, &s), "text stays text")
	assert.Equal(t, "off", s.Name)
	assert.Equal(t, "no", s.Labels["on"])
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
