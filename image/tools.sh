# Extensions are installed by root. Whoever comes in finds their tools and can't change them, in every
# shell: a login, a terminal of an editor, a command over ssh;
# services are started with the machine, not from here.
if [ "$(id -u)" != 0 ] && [ -r /root/.config/sindri/profile ]; then
    sindri_home=$HOME
    HOME=/root
    SINDRI_SERVICES=1
    . /root/.config/sindri/profile
    if [ -d /root/.local/share/mise ]; then
        export MISE_DATA_DIR="${MISE_DATA_DIR:-/root/.local/share/mise}"
        export MISE_CONFIG_DIR="${MISE_CONFIG_DIR:-/root/.config/mise}"
    fi
    HOME=$sindri_home
    unset sindri_home SINDRI_SERVICES
fi
