package sandbox_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// say dials, asks who is there, and returns the answer or what went wrong.
func say(network, to string, answerTimeout time.Duration) string {
	conn, err := net.DialTimeout(network, to, answerTimeout)
	if err != nil {
		return err.Error()
	}
	_ = conn.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := io.WriteString(conn, "who is example.com?"); err != nil {
		return err.Error()
	}
	answer := make([]byte, 100)
	n, err := conn.Read(answer)
	if err != nil {
		return err.Error()
	}
	return string(answer[:n])
}

// runInside is what the sandboxes of the tests run.
func runInside(name string, arguments []string) {
	switch name {
	case "dial":
		for _, to := range arguments {
			fmt.Println(to, "says", say("tcp", to, await.Limit))
		}
	case "datagram":
		fmt.Println(arguments[0], "says", say("udp", arguments[0], await.Limit))
	case "knock": // and soon go away
		fmt.Println(say(arguments[0], arguments[1], 200*time.Millisecond))
	case "serve":
		listener, err := net.Listen("tcp", arguments[0])
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		go func() {
			<-asked
			fmt.Println("asked to end")
			os.Exit(7)
		}()
		fmt.Println("serving")
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "from inside")
			_ = conn.Close()
		}
	case "rights":
		status, _ := os.ReadFile("/proc/self/status")
		fmt.Println(string(status))
	case "sleep":
		fmt.Println("sleeping", os.Getpid())
		time.Sleep(time.Minute)
	}
}
