package data

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/redis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// weekdays are the names Memorystore gives to the days 1 to 7.
var weekdays = [...]string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}

// RedisName is the name of the Memorystore instance.
const RedisName = "license-redis"

// cache declares the Memorystore instance that counts seats.
// https://cloud.google.com/memorystore/docs/redis/reference/rest/v1/projects.locations.instances
func (s *Stores) cache(ctx *pulumi.Context, name string, args *StoresArgs) (*redis.Instance, error) {
	settings := args.Settings.withDefaults()
	chosen := settings.Redis
	instance, err := redis.NewInstance(ctx, name, &redis.InstanceArgs{
		Name:                  pulumi.String(RedisName),
		DisplayName:           pulumi.String("License seats"),
		Project:               pulumi.String(args.Project),
		Region:                pulumi.String(args.Region),
		Tier:                  pulumi.String(chosen.Tier),
		MemorySizeGb:          pulumi.Int(chosen.MemoryGib),
		RedisVersion:          pulumi.String(chosen.Version),
		AuthorizedNetwork:     args.NetworkID.ToStringOutput(),
		ConnectMode:           pulumi.String("PRIVATE_SERVICE_ACCESS"),
		ReservedIpRange:       args.PrivateServicesRangeName.ToStringOutput(),
		AuthEnabled:           pulumi.Bool(true),
		TransitEncryptionMode: pulumi.String("SERVER_AUTHENTICATION"),
		CustomerManagedKey:    args.Keys.Redis,
		RedisConfigs: pulumi.StringMap{
			// A full cache must refuse a new lease, never drop a live one: an
			// evicted lease is a seat that is sold twice.
			"maxmemory-policy": pulumi.String("noeviction"),
			// Expiry events are a hint to free seats sooner, never the only way.
			"notify-keyspace-events": pulumi.String("Ex"),
		},
		PersistenceConfig: &redis.InstancePersistenceConfigArgs{
			PersistenceMode:   pulumi.String("RDB"),
			RdbSnapshotPeriod: pulumi.String("ONE_HOUR"),
		},
		MaintenancePolicy: &redis.InstanceMaintenancePolicyArgs{
			WeeklyMaintenanceWindows: redis.InstanceMaintenancePolicyWeeklyMaintenanceWindowArray{
				&redis.InstanceMaintenancePolicyWeeklyMaintenanceWindowArgs{
					Day: pulumi.String(weekdays[chosen.Maintenance.Day-1]),
					StartTime: &redis.InstanceMaintenancePolicyWeeklyMaintenanceWindowStartTimeArgs{
						Hours: pulumi.Int(chosen.Maintenance.Hour),
					},
				},
			},
		},
	}, guarded(s, settings, pulumi.DependsOn(args.PrivateServices))...)
	if err != nil {
		return nil, fmt.Errorf("declaring the Redis instance: %w", err)
	}
	s.RedisHost = instance.Host
	s.RedisPort = instance.Port
	s.RedisServerCA = instance.ServerCaCerts.ApplyT(func(all []redis.InstanceServerCaCert) string {
		pems := make([]string, 0, len(all))
		for _, one := range all {
			if one.Cert != nil {
				pems = append(pems, strings.TrimSpace(*one.Cert)+"\n")
			}
		}
		return strings.Join(pems, "")
	}).(pulumi.StringOutput)
	return instance, nil
}
