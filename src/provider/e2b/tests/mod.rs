mod commands;
mod emulator;
mod faults;
mod ground;
mod life;
