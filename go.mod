module github.com/spillway-gateway/spillway

go 1.26
