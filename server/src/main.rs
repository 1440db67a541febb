//! `yunlubo`, the installed server. Everything is in the library, so that tests can start it in-process.

fn main() -> std::process::ExitCode {
    server::cli::main()
}
