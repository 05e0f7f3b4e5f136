package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/local/host/file"
)

func TestWhatIsPutIsThereAfterARestartInTheOrderOfCreation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cloud", "store.json")
	first, err := store.Open(path, file.Replace)
	require.NoError(t, err)
	for _, id := range []string{"b", "a", "c"} {
		require.NoError(t, first.Put(store.Resource{Type: "t", ID: id, Outputs: map[string]any{"n": id}}))
	}
	require.NoError(t, first.Put(store.Resource{Type: "t", ID: "a", Outputs: map[string]any{"n": "changed"}}))
	require.NoError(t, first.Delete("t", "c"))

	second, err := store.Open(path, file.Replace)

	require.NoError(t, err)
	found := second.List("t")
	require.Len(t, found, 2)
	assert.Equal(t, "b", found[0].ID)
	assert.Equal(t, "changed", found[1].Outputs["n"])
	assert.Empty(t, second.List("other"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "the store holds secrets")
}

func TestSubscribersHearOfEveryChangeUntilTheyLeave(t *testing.T) {
	t.Parallel()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.json"), file.Replace)
	require.NoError(t, err)
	heard := 0
	leave := s.Subscribe(func() { heard += len(s.List()) })
	require.NoError(t, s.Put(store.Resource{Type: "t", ID: "1"}))
	require.NoError(t, s.Put(store.Resource{Type: "t", ID: "2"}))
	leave()
	require.NoError(t, s.Delete("t", "1"))
	assert.Equal(t, 3, heard)
}

func TestADamagedStoreSaysWhatToDo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := store.Open(path, file.Replace)
	require.ErrorContains(t, err, "make down")
}

func TestAResourceWithoutIdentityIsRefused(t *testing.T) {
	t.Parallel()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.json"), file.Replace)
	require.NoError(t, err)
	require.Error(t, s.Put(store.Resource{Type: "t"}))
	require.Error(t, s.Put(store.Resource{ID: "1"}))
}

func TestWhatIsBuriedIsGoneAndItsTimeIsKnown(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.json")
	s, err := store.Open(path, file.Replace)
	require.NoError(t, err)
	require.NoError(t, s.Put(store.Resource{Type: "t", ID: "a", Inputs: map[string]any{"password": "secret"}}))
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.NoError(t, s.DeleteAndKeepName("t", "a", when))
	for _, again := range []func() *store.Store{
		func() *store.Store { return s },
		func() *store.Store {
			reopened, err := store.Open(path, file.Replace)
			require.NoError(t, err)
			return reopened
		},
	} {
		s := again()
		assert.Empty(t, s.List())
		_, exists := s.Get("t", "a")
		assert.False(t, exists)
		deleted, known := s.DeletedAt("t", "a")
		assert.True(t, known)
		assert.Equal(t, when, deleted)
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(content), "secret", "only the name is kept")
	require.NoError(t, s.Put(store.Resource{Type: "t", ID: "a"}))
	_, known := s.DeletedAt("t", "a")
	assert.False(t, known, "what is made again is not deleted")
}
