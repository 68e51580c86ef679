from projects.forms.register import RegisterForm, form_of

__all__ = ["RegisterForm", "form_of"]
