package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Memory returns how many bytes the instance uses, and how many it may use; 0 means no
// limit.
func (s *Server) Memory(ctx context.Context) (used, limit float64, err error) {
	client := s.client()
	defer client.Close()
	info, err := client.Info(ctx, "memory").Result()
	if err != nil {
		return 0, 0, fmt.Errorf("ask the Redis instance %s for its memory: %w", s.config.Name, err)
	}
	for line := range strings.SplitSeq(info, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "used_memory":
			used, err = strconv.ParseFloat(value, 64)
		case "maxmemory":
			limit, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("read the memory of the Redis instance %s: %w", s.config.Name, err)
		}
	}
	return used, limit, nil
}
