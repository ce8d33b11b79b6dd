//! Starts, measures (through /proc) and stops server processes.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The peer takes seconds to import Python packages from a cold disk.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server. Dropping it sends SIGTERM, which gunicorn passes on to its workers.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Runs a command and waits until it listens on `address`.
    pub(crate) fn start(mut command: Command, address: SocketAddr) -> Result<Self> {
        let mut server = Self { child: spawn(&mut command)?, address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} exited with {status}");
            }
            if start.elapsed() > START_TIMEOUT {
                bail!("{command:?} does not listen on {address}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// Runs a command without waiting for it to listen.
    pub(crate) fn spawn(mut command: Command, address: SocketAddr) -> Result<Self> {
        Ok(Self { child: spawn(&mut command)?, address })
    }

    /// CPU time used by the process and its descendants.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        // utime and stime in ticks (USER_HZ), which are 10 ms on Linux.
        let ticks = |pid: &u32| -> Result<u64> {
            let stat = read(*pid, "stat")?;
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            let fields = after_name.split_whitespace().skip(11).take(2);
            Ok(fields.filter_map(|field| field.parse::<u64>().ok()).sum())
        };
        let ticks: u64 = self.tree().iter().map(ticks).sum::<Result<u64>>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Sum of the processes' peak resident memory in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    /// Sum of the processes' resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    pub(crate) fn descriptors(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    pub(crate) fn threads(&self) -> Result<u64> {
        field(self.child.id(), "Threads:")
    }

    fn memory(&self, name: &str) -> Result<u64> {
        self.tree().iter().map(|pid| Ok(field(*pid, name)? * 1024)).sum()
    }

    fn tree(&self) -> Vec<u32> {
        let mut tree = vec![self.child.id()];
        let mut next = 0;
        while let Some(pid) = tree.get(next).copied() {
            next += 1;
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            tree.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        tree
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL would leave gunicorn's workers running.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stdin(Stdio::null()).status();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Result<Child> {
    // An inherited output would keep a reader of ours waiting for a leftover process.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    harness::isolate(command);
    command.spawn().with_context(|| format!("{command:?} does not start"))
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = PathBuf::from(format!("/proc/{pid}/{file}"));
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn field(pid: u32, name: &str) -> Result<u64> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("{name} is missing"))?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

/// A loopback address with an unused port.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
