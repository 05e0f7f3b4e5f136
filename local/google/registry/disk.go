package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/coditect-ai/license-platform/local/host/file"
)

// disk is where a registry's contents are kept: blobs/sha256/HEX, one file a
// manifest and the list of repositories.
type disk struct{ dir string }

func (d disk) blobs() string        { return filepath.Join(d.dir, "blobs") }
func (d disk) manifests() string    { return filepath.Join(d.dir, "manifests") }
func (d disk) repositories() string { return filepath.Join(d.dir, "repositories.json") }

// manifest is one accepted manifest under one reference, a tag or a digest.
type manifest struct {
	Image       string `json:"image"`
	Reference   string `json:"reference"`
	ContentType string `json:"contentType"`
	Content     []byte `json:"content"`
}

func (m manifest) path() string { return "/v2/" + m.Image + "/manifests/" + m.Reference }

func (m manifest) digest() string {
	sum := sha256.Sum256(m.Content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// file is named by a hash, since names and tags may hold anything.
func (m manifest) file() string {
	sum := sha256.Sum256([]byte(m.path()))
	return hex.EncodeToString(sum[:]) + ".json"
}

// blobs lists the digests that an image's manifest refers to; an index refers
// to manifests only.
func (m manifest) blobs() ([]string, error) {
	type descriptor struct {
		Digest string `json:"digest"`
	}
	var content struct {
		Config *descriptor  `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	if err := json.Unmarshal(m.Content, &content); err != nil {
		return nil, fmt.Errorf("the manifest is not JSON: %w", err)
	}
	var digests []string
	if content.Config != nil {
		digests = append(digests, content.Config.Digest)
	}
	for _, layer := range content.Layers {
		digests = append(digests, layer.Digest)
	}
	return digests, nil
}

func (d disk) hasBlob(digest string) bool {
	algorithm, sum, _ := strings.Cut(digest, ":")
	if algorithm != "sha256" || strings.Trim(sum, "0123456789abcdef") != "" || len(sum) != 2*sha256.Size {
		return false
	}
	_, err := os.Stat(filepath.Join(d.blobs(), algorithm, sum))
	return err == nil
}

func (d disk) readManifests() ([]manifest, error) {
	files, err := file.Matching(d.manifests(), "*.json")
	if err != nil {
		return nil, fmt.Errorf("list the registry's images: %w", err)
	}
	var manifests []manifest
	for _, name := range files {
		var m manifest
		if err := readJSON(name, &m); err != nil {
			return nil, err
		}
		manifests = append(manifests, m)
	}
	return manifests, nil
}

// writeManifest stores the manifest by its reference, and by its digest too
// when that is a tag.
func (d disk) writeManifest(m manifest) error {
	byDigest := m
	byDigest.Reference = m.digest()
	return errors.Join(writeJSON(filepath.Join(d.manifests(), byDigest.file()), byDigest), writeJSON(filepath.Join(d.manifests(), m.file()), m))
}

func (d disk) removeManifest(m manifest) error {
	if err := os.Remove(filepath.Join(d.manifests(), m.file())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the image %s: %w", m.Image, err)
	}
	return nil
}

func (d disk) readRepositories() (names []string, err error) {
	err = readJSON(d.repositories(), &names)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

func (d disk) writeRepositories(names []string) error { return writeJSON(d.repositories(), names) }

// sweep removes blobs without a manifest, which deleted images and interrupted pushes
// leave behind.
func (d disk) sweep(manifests []manifest) error {
	used := map[string]bool{}
	for _, m := range manifests {
		digests, err := m.blobs()
		if err != nil {
			return err
		}
		for _, digest := range digests {
			used[strings.TrimPrefix(digest, "sha256:")] = true
		}
	}
	err := filepath.WalkDir(d.blobs(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || used[entry.Name()] {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		return fmt.Errorf("tidy up the registry's blobs: %w", err)
	}
	return nil
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the registry: %w", err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("the registry's file %s is damaged: %w", path, err)
	}
	return nil
}

// writeJSON replaces the file in one step.
func writeJSON(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write the registry: %w", err)
	}
	if err := file.Replace(path, content, 0o600); err != nil {
		return fmt.Errorf("write the registry: %w", err)
	}
	return nil
}
