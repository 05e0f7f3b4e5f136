package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"syscall"
)

// Deliver posts an alert as Alertmanager does.
func Deliver(m *Monitoring, name string) error { return deliver(m, name, m.inbox.token) }

// DeliverAsStranger posts without the token.
func DeliverAsStranger(m *Monitoring) error { return deliver(m, "Forged", "guess") }

func deliver(m *Monitoring, name, token string) error {
	body, err := json.Marshal(object{"alerts": []object{{"status": Firing, "labels": object{"alertname": name}}}})
	if err != nil {
		return err
	}
	request := httptest.NewRequest(http.MethodPost, inboxPath, bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	m.inbox.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		return fmt.Errorf("the inbox answered %d", answer.Code)
	}
	return nil
}

// KillAlertmanager and KillPrometheus kill a server that runs, as the kernel may.
func KillAlertmanager(m *Monitoring) { kill(m, func() *server { return m.alertmanager }) }
func KillPrometheus(m *Monitoring)   { kill(m, func() *server { return m.prometheus }) }

// HangAlertmanager leaves it running without an answer.
func HangAlertmanager(m *Monitoring) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alertmanager.process.Signal(syscall.SIGSTOP)
}

func kill(m *Monitoring, which func() *server) {
	m.mu.Lock()
	s := which()
	m.mu.Unlock()
	s.process.Kill()
	<-s.process.Done()
}
