package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// askHealth asks the server on this host and prints its answer; any status but 200 is an error.
func askHealth(port string) error {
	if port == "" {
		port = "8080"
	}
	client := http.Client{Timeout: 4 * time.Second}
	response, err := client.Get("http://127.0.0.1:" + port + "/health")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(os.Stdout, io.LimitReader(response.Body, 16<<10))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
