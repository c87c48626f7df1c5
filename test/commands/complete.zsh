# Types a line into an interactive zsh, has it completed, and prints what is offered and what the line has become.
#   zsh -f complete.zsh SCRIPT OFFERED LINE      OFFERED is a file that is not there yet
zmodload zsh/zpty
zpty typed zsh -f -i
{
  zpty -w typed "autoload -Uz compinit && compinit -u -d ${(q)1}.dump && source ${(q)1}"
  # What only asks compadd, and offers nothing, has one of -O, -A and -D.
  zpty -w typed 'compadd() {
    local -a offered
    [[ " ${@[1,(i)--]} " == *" -"[OAD]" "* ]] || { builtin compadd -O offered "$@"; print -rl -- $offered >> '"${(q)2}"' }
    builtin compadd "$@"
  }'
  zpty -w typed 'complete-and-show() { zle complete-word; print -r -- "line: $BUFFER" >> '"${(q)2}"' }'
  zpty -w typed 'zle -N complete-and-show; bindkey "^X" complete-and-show'
  zpty -w -n typed "$3"$'\x18'
  for ((waited = 0; waited < 200; waited += 1)); do
    # Read, so that it can go on writing.
    while zpty -r -t typed said; do done
    grep -q '^line: ' $2 2>/dev/null && break
    sleep 0.05
  done
} always {
  zpty -d typed
}
cat $2
