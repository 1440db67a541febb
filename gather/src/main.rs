//! `yunlubo-gather`: see the `cli` module of the library.

fn main() -> std::process::ExitCode {
    gather::cli::main()
}
