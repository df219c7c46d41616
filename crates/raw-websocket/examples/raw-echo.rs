//! The example `echo`, for scripts: a workspace has one folder for the examples of all, and two in it are called so.

#[path = "echo.rs"]
mod echo;

fn main() -> std::io::Result<()> {
    echo::main()
}
