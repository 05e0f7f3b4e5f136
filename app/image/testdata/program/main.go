// Program is what the image's tests pack.
package main

import "os"

func main() { _, _ = os.Stdout.WriteString("hello from the image\n") }
