# bash completion for seictl
_seictl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options
    # bash splits --option=value at the '='.
    if [[ $cur == "=" ]]; then
        cur=""
    elif [[ $prev == "=" ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "explain watch wait version help" -- "$cur")
        return
    fi
    case $prev in
    --platform) options="machine kubernetes" ;;
    --mapping | --rollback) options="none same other halted" ;;
    --for) options="halt halt= height= version= healthy" ;;
    --timeout | --interval | --age) return ;;
    *)
        case ${COMP_WORDS[1]} in
        explain) options="--platform= --mapping= --rollback= --unknown-daemon --ended --age= --json --help" ;;
        watch) options="--interval= --json --help" ;;
        wait) options="--for= --timeout= --interval= --json --help" ;;
        help) options="explain watch wait" ;;
        esac
        if [[ ${COMP_WORDS[1]} == explain && $cur != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -f -W "upgrade_required binary_too_new downgrade_detected" -- "$cur")
            return
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _seictl seictl
