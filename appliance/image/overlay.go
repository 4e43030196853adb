package image

import (
	"archive/tar"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// files are those of the appliance, below the root they are for.
//
//go:embed all:files
var files embed.FS

//go:embed customize.sh
var customize string

// overlay writes the files as a tar, with the time that all files of the image have.
func overlay(w io.Writer, epoch time.Time) error {
	out := tar.NewWriter(w)
	err := fs.WalkDir(files, "files", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "files" {
			return err
		}
		header := &tar.Header{Name: strings.TrimPrefix(path, "files/"), Mode: 0o644, ModTime: epoch, Uname: "root", Gname: "root", Format: tar.FormatGNU}
		if d.IsDir() {
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
			header.Name += "/"
			return out.WriteHeader(header)
		}
		content, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(string(content), "#!/bin/sh") {
			header.Mode = 0o755
		}
		header.Size = int64(len(content))
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		_, err = out.Write(content)
		return err
	})
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("files of the appliance: %w", err)
	}
	return nil
}
