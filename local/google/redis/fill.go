package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// fillKeyPrefix begins the names of the keys that fill the memory; they expire after
	// fillTTL.
	fillKeyPrefix = "rehearsal:filling:"
	fillTTL       = time.Hour
	// fillValueBytes is the size of one value; there are at most maxFillKeys.
	fillValueBytes = 1 << 20
	maxFillKeys    = 256
	// minMaxMemory is the least limit that a filled instance gets. The limit is twice the
	// used memory where that is more.
	minMaxMemory = 32 << 20
	// filledShare is the share of the limit that is used then.
	filledShare = 0.9
)

// Fill lowers the instance's memory limit and fills nine tenths of it. Stored data is
// kept.
func (s *Server) Fill(ctx context.Context) error {
	used, _, err := s.Memory(ctx)
	if err != nil {
		return err
	}
	client := s.client()
	defer client.Close()
	limit := max(minMaxMemory, 2*used)
	if err := client.ConfigSet(ctx, "maxmemory", strconv.FormatInt(int64(limit), 10)).Err(); err != nil {
		return fmt.Errorf("bound the memory of the Redis instance %s: %w", s.config.Name, err)
	}
	filling := strings.Repeat("x", fillValueBytes)
	for n := range maxFillKeys {
		used, _, err := s.Memory(ctx)
		if err != nil || used >= filledShare*limit {
			return err
		}
		left := int(filledShare*limit - used)
		err = client.Set(ctx, fillKeyPrefix+strconv.Itoa(n), filling[:min(fillValueBytes, max(left, 1<<10))], fillTTL).Err()
		if err != nil {
			return fmt.Errorf("fill the memory of the Redis instance %s: %w", s.config.Name, err)
		}
	}
	return nil
}

// Empty deletes the keys of Fill and restores the memory limit.
func (s *Server) Empty(ctx context.Context) error {
	client := s.client()
	defer client.Close()
	_, err := client.Pipelined(ctx, func(all redis.Pipeliner) error {
		for n := range maxFillKeys {
			all.Unlink(ctx, fillKeyPrefix+strconv.Itoa(n))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("empty the Redis instance %s: %w", s.config.Name, err)
	}
	s.mu.Lock()
	configs := s.configs
	s.mu.Unlock()
	return s.SetConfigs(ctx, configs)
}
