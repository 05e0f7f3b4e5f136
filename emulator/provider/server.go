package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/coditect-ai/license-platform/emulator/store"
)

// Server answers the Pulumi engine for one provider. It is safe for concurrent
// use, as the engine creates independent resources at the same time.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	name, version string
	kinds         map[string]Kind
	functions     map[string]Function
	store         *store.Store
	reach         func() Reach           // nil: everything can be reached
	breaks        func(urn string) Break // nil: nothing breaks
	resends       bool                   // requests whose connection broke

	mu sync.Mutex // guards configs, and makes deciding and allocating one step
	// configs by the engine's connection: every provider resource of the program
	// has a connection of its own.
	configs map[string]Configuration
	// cancels end the calls that are under way, by connection.
	cancels map[string]map[int]context.CancelFunc
	calls   int
}

var _ pulumirpc.ResourceProviderServer = (*Server)(nil)

// NewServer makes the provider called name ("gcp", "kubernetes") over what exists in s.
// It says to the engine that it is the version given, which the SDK asks for.
func NewServer(name, version string, s *store.Store, kinds []Kind, functions map[string]Function) *Server {
	byType := make(map[string]Kind, len(kinds))
	for _, kind := range kinds {
		byType[kind.Type] = kind
	}
	return &Server{name: name, version: version, kinds: byType, functions: functions, store: s, configs: map[string]Configuration{}, cancels: map[string]map[int]context.CancelFunc{}}
}

// Kinds returns the types the provider knows, sorted.
func (s *Server) Kinds() []string {
	return slices.Sorted(maps.Keys(s.kinds))
}

func (s *Server) configuration(ctx context.Context) Configuration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.configs[connection(ctx)]
}

// connection names the connection that a call came by.
func connection(ctx context.Context) string {
	if from, known := peer.FromContext(ctx); known && from.Addr != nil {
		return from.Addr.String()
	}
	return ""
}

// Handshake tells the engine what the provider understands.
func (s *Server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// GetPluginInfo returns the version of the provider that is emulated.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.version}, nil
}

// GetSchema returns the shortest valid schema: the SDKs were made from the real
// one, and the engine needs none.
func (s *Server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": s.name, "version": s.version})
	if err != nil {
		return nil, fmt.Errorf("encode the schema: %w", err)
	}
	return &pulumirpc.GetSchemaResponse{Schema: string(schema)}, nil
}

// CheckConfig accepts the provider's configuration as it is.
func (s *Server) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: request.GetNews()}, nil
}

// DiffConfig says that a changed provider never replaces its resources: in the
// embedded cloud, credentials and endpoints have no meaning.
func (s *Server) DiffConfig(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	before, err := receive(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	after, err := receive(request.GetNews())
	if err != nil {
		return nil, err
	}
	return describe(changes(plain(before), plain(after)), nil), nil
}

// Configure takes the defaults of one provider resource.
func (s *Server) Configure(ctx context.Context, request *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	received, err := receive(request.GetArgs())
	if err != nil {
		return nil, err
	}
	args := plain(received)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configs[connection(ctx)] = Configuration{
		Project: args.Text("project"), Region: args.Text("region"), Labels: nested(args, "defaultLabels"),
		Upsert: args.True("upsertExistingObjects") || args.Text("upsertExistingObjects") == "true",
	}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// nested reads an object of the provider's configuration, which the engine
// passes as JSON text.
func nested(args Properties, name string) map[string]any {
	if object := args.Object(name); object != nil {
		return object
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(args.Text(name)), &object); err != nil {
		return nil // not declared, or not known yet
	}
	return object
}

// Cancel ends the calls of the connection that are under way: the engine asks
// for it when the user interrupts, and then waits for them.
func (s *Server) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cancel := range s.cancels[connection(ctx)] {
		cancel()
	}
	return &emptypb.Empty{}, nil
}

// cancellable makes a call end with Cancel. done has to be called at its end.
func (s *Server) cancellable(ctx context.Context) (live context.Context, done func()) {
	live, cancel := context.WithCancel(ctx)
	from := connection(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	call := s.calls
	if s.cancels[from] == nil {
		s.cancels[from] = map[int]context.CancelFunc{}
	}
	s.cancels[from][call] = cancel
	return live, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.cancels[from], call)
		if len(s.cancels[from]) == 0 {
			delete(s.cancels, from)
		}
		cancel()
	}
}

// Attach is called when the engine takes up the connection.
func (s *Server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Invoke answers a lookup.
func (s *Server) Invoke(ctx context.Context, request *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	function, known := s.functions[request.GetTok()]
	if !known {
		return nil, status.Errorf(codes.Unimplemented, "the embedded cloud does not know the function %s; it knows %s",
			request.GetTok(), strings.Join(slices.Sorted(maps.Keys(s.functions)), ", "))
	}
	received, err := receive(request.GetArgs())
	if err != nil {
		return nil, err
	}
	result, err := function(ctx, s.configuration(ctx), plain(received))
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	encoded, err := send(result, nil)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.InvokeResponse{Return: encoded}, nil
}
