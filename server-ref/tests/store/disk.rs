//! A small separate disk that a test can fill.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A disk in memory, which is unmounted when the value is dropped. Mounting requires root.
pub(crate) struct MemoryDisk(TempDir);

impl MemoryDisk {
    pub(crate) fn new(megabytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m,mode=777");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        let mount = mount.unwrap();
        assert!(mount.status.success(), "mounting the disk failed: {}", String::from_utf8_lossy(&mount.stderr));
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn fill(&self) {
        let mut ballast = fs::File::options().create(true).append(true).open(self.ballast_path()).unwrap();
        while ballast.write_all(&[0; 4096]).is_ok() {}
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.ballast_path()).unwrap();
    }

    fn ballast_path(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for MemoryDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
