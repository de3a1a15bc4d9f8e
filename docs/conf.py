"""Configuration of Sphinx. The build needs no network."""

import os
import sys
from pathlib import Path

import sklearn_mtl

sys.path.append(str(Path(__file__).parent / "_ext"))

project = "sklearn-mtl"
author = "The sklearn-mtl developers"
copyright = f"2026, {author}"
version = release = sklearn_mtl.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "parameter_groups",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinx_llms_txt",
]
exclude_patterns = [
    "_build",
    "sg_execution_times.rst",
    "gallery/sg_execution_times.rst",
]
templates_path = ["_templates"]

# Links into the documentation of other projects need their inventories, which are
# downloads: only where asked for.
if os.environ.get("SKLEARN_MTL_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "python": ("https://docs.python.org/3", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
    }

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"

SECTIONS = "tables", "insight", "unlabelled", "training", "serving", "extending"
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "subsection_order": [f"../examples/{section}" for section in SECTIONS],
    "ignore_pattern": r"(demo|serve_\w+)\.py",
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
}

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

llms_txt_title = "sklearn-mtl"
llms_txt_summary = """
One neural network learns all columns of y at once, inside scikit-learn: numbers,
classes and counts side by side, labels missing here and there.
"""
llms_txt_exclude = ["gallery/*", "generated/*", "changelog", "experiments"]

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"sklearn-mtl {version}"
html_theme_options = {
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "header_links_before_dropdown": 6,
    "show_nav_level": 1,
}


# The first screen is a page of its own: there is no section to navigate in.
html_sidebars = {"index": [], "benchmarks": [], "changelog": []}


def skip_inherited(app, what, name, obj, skip, options):
    """Leave out what comes from scikit-learn or torch: it is documented there."""
    module = getattr(obj, "__module__", None) or ""
    return True if module.startswith(("sklearn.", "torch.")) else None


def setup(app):
    app.connect("autodoc-skip-member", skip_inherited)
