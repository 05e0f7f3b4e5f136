package domain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/setting/domain"
)

func TestADomainIsWhatTheDNSAndACertificateHave(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for text, is := range map[string]bool{
		"coditect.ai": true, "dev.coditect.ai": true, "xn--mller-kva.de": true, "example.xn--p1ai": true, "3com.com": true, label + ".ai": true,
		"coditect": false, "coditect.ai.": false, "Coditect.ai": false, "*.coditect.ai": false, "müller.de": false, "https://coditect.ai": false,
		"10.0.0.1": false, "a_b.ai": false, "-a.ai": false, "a-.ai": false, "coditect..ai": false, "a.b": false, label + "a.ai": false, "": false,
		strings.Repeat("abcdefg.", 32) + "ai": false,
	} {
		assert.Equal(t, is, domain.Is(text), text)
	}
}

func TestTheDomainThatWasMeantIsTold(t *testing.T) {
	t.Parallel()
	for text, meant := range map[string]string{
		"Coditect.AI": "coditect.ai", "coditect.ai.": "coditect.ai", "*.coditect.ai": "coditect.ai", " coditect.ai ": "coditect.ai",
		"https://coditect.ai/": "coditect.ai", "müller.de": "xn--mller-kva.de", "пример.рф": "xn--e1afmkfd.xn--p1ai",
		"coditect": "", "10.0.0.1": "", "a b.ai": "", "": "",
	} {
		assert.Equal(t, meant, domain.Meant(text), text)
	}
}
