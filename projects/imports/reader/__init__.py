"""Reading a file from a stranger in a process apart. `child` and `shape` run there, without Django
and without the site's secrets; `apart` starts it and judges what comes back."""
