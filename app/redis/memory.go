package redis

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	goredis "github.com/redis/go-redis/v9"
)

// Fill tells how full the server is, between 0 and 1, or 0 when it has no limit. At 1 it
// refuses whatever needs more memory (the policy noeviction): new seats, while seats that
// are taken can be kept and given back.
func Fill(ctx context.Context, client *goredis.Client) (float64, error) {
	info, err := client.Info(ctx, "memory").Result()
	if err != nil {
		return 0, unavailable(err)
	}
	used, usedErr := number(info, "used_memory")
	most, mostErr := number(info, "maxmemory")
	if err := errors.Join(usedErr, mostErr); err != nil {
		return 0, err
	}
	if most == 0 {
		return 0, nil
	}
	return used / most, nil
}

// number finds a number in what INFO says.
func number(info, name string) (float64, error) {
	found := regexp.MustCompile(`(?m)^` + name + `:(\d+)`).FindStringSubmatch(info)
	if found == nil {
		return 0, fmt.Errorf("the Redis server does not tell its %s", name)
	}
	return strconv.ParseFloat(found[1], 64)
}
