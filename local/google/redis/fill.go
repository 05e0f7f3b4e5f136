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
	// fillingKey begins the names of the keys that fill the memory, and fillingLife
	// is when they end by themselves.
	fillingKey  = "rehearsal:filling:"
	fillingLife = time.Hour
	// fillingBytes is the size of one, and maxFilling how many there can be.
	fillingBytes = 1 << 20
	maxFilling   = 256
	// little is the memory that is left to an instance that is filled, at least:
	// twice what it uses where that is more.
	little = 32 << 20
	// filledShare is how much of it is used then.
	filledShare = 0.9
)

// Fill gives the instance little memory and fills nine tenths of it. What is stored
// stays.
func (s *Server) Fill(ctx context.Context) error {
	used, _, err := s.Memory(ctx)
	if err != nil {
		return err
	}
	client := s.client()
	defer client.Close()
	limit := max(little, 2*used)
	if err := client.ConfigSet(ctx, "maxmemory", strconv.FormatInt(int64(limit), 10)).Err(); err != nil {
		return fmt.Errorf("bound the memory of the Redis instance %s: %w", s.config.Name, err)
	}
	filling := strings.Repeat("x", fillingBytes)
	for n := range maxFilling {
		used, _, err := s.Memory(ctx)
		if err != nil || used >= filledShare*limit {
			return err
		}
		left := int(filledShare*limit - used)
		err = client.Set(ctx, fillingKey+strconv.Itoa(n), filling[:min(fillingBytes, max(left, 1<<10))], fillingLife).Err()
		if err != nil {
			return fmt.Errorf("fill the memory of the Redis instance %s: %w", s.config.Name, err)
		}
	}
	return nil
}

// Empty takes away what Fill has left and gives the instance its memory back.
func (s *Server) Empty(ctx context.Context) error {
	client := s.client()
	defer client.Close()
	_, err := client.Pipelined(ctx, func(all redis.Pipeliner) error {
		for n := range maxFilling {
			all.Unlink(ctx, fillingKey+strconv.Itoa(n))
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
