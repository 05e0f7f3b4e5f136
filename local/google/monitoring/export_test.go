package monitoring

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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
