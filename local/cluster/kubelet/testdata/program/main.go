// Program is the container that the kubelet's tests run.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	fmt.Println("args", os.Args[1:], "uid", os.Getuid())
	switch os.Args[1] {
	case "serve":
		serve()
	case "count": // fails until it has been run as often as its second argument says
		count()
	default:
		fmt.Println("its last words:", os.Args[1])
		os.Exit(3)
	}
}

func serve() {
	var sick atomic.Bool
	answer := func(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		if os.Getenv("NEVER_READY") != "" {
			http.Error(w, "no database", http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			http.Error(w, "sick", http.StatusInternalServerError)
		}
	})
	http.HandleFunc("/fall-sick", func(http.ResponseWriter, *http.Request) { sick.Store(true) })
	var taken [][]byte
	http.HandleFunc("/take-100-mib", func(http.ResponseWriter, *http.Request) { taken = append(taken, bytes.Repeat([]byte{1}, 100<<20)) })
	http.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) { answer(w, os.Environ()) })
	server := &http.Server{Addr: os.Getenv("LISTEN_ADDRESS"), ReadHeaderTimeout: time.Second}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		if err := server.ListenAndServe(); err != nil {
			fmt.Println(err)
		}
	}()
	<-stop
	fmt.Println("asked to end")
	_ = server.Close()
}

func count() {
	file, err := os.OpenFile(os.Getenv("COUNTER"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_, _ = file.WriteString("x")
	content, _ := os.ReadFile(file.Name())
	if wanted, _ := strconv.Atoi(os.Args[2]); strings.Count(string(content), "x") < wanted {
		fmt.Println("run number", len(content), "fails")
		os.Exit(1)
	}
}
