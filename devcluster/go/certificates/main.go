// Command certificates makes a certificate authority and the certificates that it signs.
//
// It reads a request from standard input, a JSON list of
//
//	{"name": "scheduler", "commonName": "system:kube-scheduler", "organizations": [], "hosts": []}
//
// and writes ca.crt, ca.key and NAME.crt, NAME.key for each entry into the folder given as its only
// argument, keys readable by the owner alone. Hosts are DNS names or IP addresses; an entry that has
// some can serve as well as call. service-accounts.key, with which tokens are signed, comes along.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const lifetime = 5 * 365 * 24 * time.Hour

type entry struct {
	Name          string   `json:"name"`
	CommonName    string   `json:"commonName"`
	Organizations []string `json:"organizations"`
	Hosts         []string `json:"hosts"`
}

// template is a certificate without an issuer. It is valid from an hour ago, so that a clock that is
// set back a little does not refuse it.
func template(commonName string, organizations []string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName, Organization: organizations},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(lifetime),
	}, nil
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return os.WriteFile(path, content, 0o600)
}

// authority is a certificate that signs others, as it was issued, with its key.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// sign writes name.crt and name.key, signed by the issuer, or by itself where that is nil.
func sign(folder, name string, cert *x509.Certificate, issuer *authority) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if issuer == nil {
		issuer = &authority{cert, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		return nil, err
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(folder, name+".crt"), content, 0o644); err != nil {
		return nil, err
	}
	// Parsed again, it has the key identifier that strict clients look for in what it signs.
	issued, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{issued, key}, writeKey(filepath.Join(folder, name+".key"), key)
}

func leaf(request entry) (*x509.Certificate, error) {
	cert, err := template(request.CommonName, request.Organizations)
	if err != nil {
		return nil, err
	}
	cert.KeyUsage = x509.KeyUsageDigitalSignature
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(request.Hosts) > 0 {
		cert.ExtKeyUsage = append(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range request.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, host)
		}
	}
	return cert, nil
}

func run(folder string) error {
	var requests []entry
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		return fmt.Errorf("the request on standard input: %w", err)
	}
	root, err := template("eg-ext devcluster", nil)
	if err != nil {
		return err
	}
	root.IsCA, root.BasicConstraintsValid = true, true
	root.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	ca, err := sign(folder, "ca", root, nil)
	if err != nil {
		return err
	}
	for _, request := range requests {
		cert, err := leaf(request)
		if err != nil {
			return err
		}
		if _, err := sign(folder, request.Name, cert, ca); err != nil {
			return err
		}
	}
	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return writeKey(filepath.Join(folder, "service-accounts.key"), tokens)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: certificates FOLDER < request.json")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}
