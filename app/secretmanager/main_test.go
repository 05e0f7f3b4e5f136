package secretmanager_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/coditect-ai/license-platform/app/apptest"
)

// TestMain fails when a goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(apptest.InPod(m)) }
