"""THE ENGINE ROOM: claims jobs, drives them on Ray, writes what happened. Ray is disposable."""
