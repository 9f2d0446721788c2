//! NumPy files (`.npy`, version 1.0) written row by row: the number of rows is filled in at the end.

use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use botsmith::eval::Result;

/// The whole head, padded with spaces.
const HEAD: usize = 128;

/// A two-dimensional array on its way to a file.
pub(super) struct Npy {
    path: PathBuf,
    file: BufWriter<File>,
    kind: &'static str,
    width: usize,
    rows: usize,
}

impl Npy {
    /// `kind` is NumPy's, such as `<f4`.
    pub(super) fn create(path: &Path, kind: &'static str, width: usize) -> Result<Self> {
        let file = File::create(path).map_err(write(path))?;
        let mut npy = Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            kind,
            width,
            rows: 0,
        };
        npy.head()?;
        Ok(npy)
    }

    fn head(&mut self) -> Result<()> {
        let shape = format!("({}, {})", self.rows, self.width);
        let mut head = b"\x93NUMPY\x01\x00".to_vec();
        head.extend(((HEAD - 10) as u16).to_le_bytes());
        head.extend(
            format!(
                "{{'descr': '{}', 'fortran_order': False, 'shape': {shape}, }}",
                self.kind
            )
            .bytes(),
        );
        head.resize(HEAD - 1, b' ');
        head.push(b'\n');
        Ok(self.file.write_all(&head).map_err(write(&self.path))?)
    }

    /// Adds rows.
    pub(super) fn rows(&mut self, bytes: impl Iterator<Item = u8>, rows: usize) -> Result<()> {
        let bytes: Vec<u8> = bytes.collect();
        self.rows += rows;
        Ok(self.file.write_all(&bytes).map_err(write(&self.path))?)
    }

    /// Writes how many rows there are.
    pub(super) fn end(mut self) -> Result<usize> {
        self.file
            .seek(SeekFrom::Start(0))
            .map_err(write(&self.path))?;
        self.head()?;
        self.file.flush().map_err(write(&self.path))?;
        Ok(self.rows)
    }
}

fn write(path: &Path) -> impl FnOnce(std::io::Error) -> botsmith::core::Error {
    let path = path.to_owned();
    move |source| botsmith::core::Error::Write { path, source }
}
