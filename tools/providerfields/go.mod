module github.com/coditect-ai/license-platform/tools/providerfields

go 1.26.0
