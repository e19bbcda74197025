#!/bin/sh
# workspace list | new NAME | --version
set -eu

projects="${WORKSPACE_PROJECTS:-$HOME/workspace/projects}"
case "${1:-}" in
    --version)
        echo "workspace 1.0.0"
        ;;
    list)
        for project in "$projects"/*/; do
            [ -d "$project" ] && basename "$project"
        done
        ;;
    new)
        case "${2:-}" in
            "" | */* | .*)
                echo "workspace: give the project a plain name" >&2
                exit 1
                ;;
        esac
        mkdir -p "$projects"
        mkdir "$projects/$2"
        echo "$projects/$2"
        ;;
    *)
        echo "usage: workspace list | new NAME | --version" >&2
        exit 1
        ;;
esac
