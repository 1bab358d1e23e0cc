// Command deviceplugin offers devices that do not exist to the kubelet, over the same protocol as a
// GPU vendor's plugin: the scheduler counts them, the kubelet hands them out one by one and the
// container is told which ones it got. Nothing else of a GPU is there.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const socket = "eg-ext-devices.sock"

type plugin struct {
	api.UnimplementedDevicePluginServer
	devices []*api.Device
	// gone ends when the plugin's socket is to be closed.
	gone context.Context
}

func (p *plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

// ListAndWatch reports the devices once: they never fall ill.
func (p *plugin) ListAndWatch(_ *api.Empty, stream api.DevicePlugin_ListAndWatchServer) error {
	if err := stream.Send(&api.ListAndWatchResponse{Devices: p.devices}); err != nil {
		return err
	}
	select {
	case <-stream.Context().Done():
	case <-p.gone.Done():
	}
	return nil
}

func (p *plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	response := &api.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		response.ContainerResponses = append(response.ContainerResponses, &api.ContainerAllocateResponse{
			Envs: map[string]string{"NVIDIA_VISIBLE_DEVICES": strings.Join(container.DevicesIds, ",")},
		})
	}
	return response, nil
}

// register tells the kubelet the name of the resource and the socket to ask.
func register(folder, resource string) error {
	connection, err := grpc.NewClient(
		"unix://"+filepath.Join(folder, "kubelet.sock"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = api.NewRegistrationClient(connection).Register(ctx, &api.RegisterRequest{
		Version: api.Version, Endpoint: socket, ResourceName: resource,
	})
	return err
}

// serve runs until the socket disappears: a kubelet that starts empties the folder and expects every
// plugin to come back by itself.
func serve(folder, resource string, devices []*api.Device) error {
	path := filepath.Join(folder, socket)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	gone, leave := context.WithCancel(context.Background())
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, &plugin{devices: devices, gone: gone})
	go server.Serve(listener)
	defer server.Stop()
	defer leave()
	if err := register(folder, resource); err != nil {
		return err
	}
	log.Printf("registered %d of %s", len(devices), resource)
	for {
		time.Sleep(time.Second)
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
}

func main() {
	resource := flag.String("resource", "nvidia.com/gpu", "name of the resource")
	count := flag.Int("count", 2, "number of devices")
	folder := flag.String("folder", strings.TrimSuffix(api.DevicePluginPath, "/"), "the kubelet's folder of plugins")
	flag.Parse()
	devices := make([]*api.Device, *count)
	for i := range devices {
		devices[i] = &api.Device{ID: fmt.Sprintf("GPU-%08d-0000-0000-0000-000000000000", i), Health: api.Healthy}
	}
	for {
		log.Print(serve(*folder, *resource, devices))
		time.Sleep(200 * time.Millisecond)
	}
}
