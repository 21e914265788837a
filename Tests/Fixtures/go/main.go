// A plain net/http server: no signal is handled.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	port := os.Getenv("PORT")
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	http.HandleFunc("/slow", func(writer http.ResponseWriter, request *http.Request) {
		pause, err := time.ParseDuration(request.URL.RawQuery + "s")
		if err != nil {
			pause = 300 * time.Millisecond
		}
		time.Sleep(pause)
		fmt.Fprintf(writer, "%d\n", os.Getpid())
	})
	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(writer, "%d\n", os.Getpid())
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
