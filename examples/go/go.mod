module example.com/modulariot-client

go 1.22
