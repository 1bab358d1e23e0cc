// Command kubernetes is every program of a Kubernetes cluster in one binary.
//
// The first argument picks the program, the rest are that program's own arguments:
//
//	kubernetes apiserver --etcd-servers=…
//
// One binary is linked once instead of eight times, and its pages are shared in memory by all
// programs that run.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// The plugins of CoreDNS that are used: all of them would double the binary.
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/kubernetes"

	// Metrics that the components register by import, and the time zones of CronJobs.
	_ "time/tzdata"

	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// run makes a program out of a component's cobra command.
func run(command func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(command())) }
}

func runKubectl() {
	logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}

func runCoreDNS() {
	dnsserver.Directives = []string{"bind", "errors", "cache", "kubernetes", "forward"}
	coremain.Run()
}

var programs = map[string]func(){
	"apiserver":   run(apiserver.NewAPIServerCommand),
	"controllers": run(controllers.NewControllerManagerCommand),
	"scheduler":   run(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":     run(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"proxy":       run(proxy.NewProxyCommand),
	"kubectl":     runKubectl,
	"coredns":     runCoreDNS,
	"etcd":        func() { etcdmain.Main(os.Args) },
}

func main() {
	if len(os.Args) > 1 {
		if program, ok := programs[os.Args[1]]; ok {
			// The programs read os.Args themselves: they must see their own name first.
			os.Args = os.Args[1:]
			program()
			return
		}
	}
	names := make([]string, 0, len(programs))
	for name := range programs {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintf(os.Stderr, "usage: %s %s [argument…]\n", os.Args[0], strings.Join(names, "|"))
	os.Exit(2)
}
