"""Figures: the house style, the record in their own bytes, and the stage that draws one.

A figure is a module with one function, ``draw(source: Path) -> Figure``, which reads the folder ``source`` and nothing else;
an animation has ``frames(source: Path)``, which yields each image (``style.pixels``) and the milliseconds that it is shown.
"""
